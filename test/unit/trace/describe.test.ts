import { expect, test } from 'vitest';
import { describeEvent, type TraceEvent } from '../../../src/trace/index.js';
import { type RecordHead, TraceRecord } from '../../../src/trace/record.js';

const event = (hook: string, given: TraceEvent['arguments'], result?: number): TraceEvent => ({
  ...{ hook, timeNs: 1n, pid: 7, tid: 7, comm: 'cat', uid: 0, gid: 0, cgroup: 1n, result },
  arguments: given,
});

test('an event is a line: who, what, and the answer if it is not 0', () => {
  const file = {
    type: 'struct file',
    address: 0xffff888000000000n,
    path: '/etc/a b',
    flags: 0x8000,
    mode: 0o100644,
  };
  expect(describeEvent(event('file_open', { file }, 0))).toBe(
    'cat(7) file_open file={path="/etc/a b" flags=0x8000 mode=0100644}',
  );
  const args = {
    p: null,
    sig: 9,
    name: 'x"y',
    other: { type: 'struct key', address: 255n },
    odd: { low: 1n },
  };
  expect(describeEvent(event('task_kill', args, -1))).toBe(
    String.raw`cat(7) task_kill p=NULL sig=9 name="x\"y" other=0xff odd={low="1"} = -EPERM`,
  );
  expect(describeEvent(event('task_free', {}))).toBe('cat(7) task_free');
  expect(describeEvent(event('inode_x', {}, -519))).toBe('cat(7) inode_x = -519');
  expect(describeEvent(event('xfrm', {}, 1))).toBe('cat(7) xfrm = 1');
});

test('a path is put together from its names, and says when a part is missing', () => {
  const record = (complete: number, ...names: string[]) => {
    const text = Buffer.from(names.map((name) => `${name}\0`).join(''));
    const bytes = Buffer.alloc(8 + 1024, 0xff);
    bytes.writeUInt32LE(text.length, 0);
    bytes.writeUInt32LE(complete, 4);
    text.copy(bytes, 8);
    return new TraceRecord(bytes, { failed: 0b10n } as RecordHead);
  };
  expect(record(1, 'hostname', 'etc').path(0)).toBe('/etc/hostname');
  expect(record(1).path(0)).toBe('/');
  expect(record(0, 'deep', 'very').path(0)).toBe('.../very/deep');
  expect(record(0).path(0)).toBeUndefined();
  expect([0, 1, 2].map((step) => record(1).failed(step))).toEqual([false, true, false]);
});
