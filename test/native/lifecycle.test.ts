import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { BpfObject } from '../../src/index.js';
import { Child } from '../support/child.js';
import { bpfFiles, openFiles } from '../support/fds.js';
import { childScript, fixture } from '../support/objects.js';

const quiet = { signal: null, stderr: '' };

describe('a process', () => {
  test('ends normally with everything left open', async () => {
    using child = new Child('exit-open');
    expect(await child.ended()).toEqual({ ...quiet, code: 0, stdout: '1000\n' });
  });

  test('exits in the middle of an iteration', async () => {
    using child = new Child('exit-reading', ['exit']);
    expect(await child.ended()).toEqual({ ...quiet, code: 7, stdout: '' });
  });

  test('exits in what follows a load, while a reader waits', async () => {
    using child = new Child('exit-loaded');
    expect(await child.ended()).toEqual({ ...quiet, code: 7, stdout: '' });
  });

  test('leaves no descriptor to its children, whatever it has open', async () => {
    using child = new Child('everything-open');
    const { stdout, ...ended } = await child.ended();
    expect(ended).toEqual({ ...quiet, code: 0 });
    const { own, inherited } = JSON.parse(stdout) as { own: string[]; inherited: string[] };
    expect(own).toEqual(
      expect.arrayContaining(['anon_inode:[perf_event]', 'anon_inode:bpf-map', 'anon_inode:bpf-prog']),
    );
    expect(inherited).toEqual([]);
  });

  test('exits while objects load', async () => {
    using child = new Child('exit-loading');
    expect(await child.ended()).toEqual({ ...quiet, code: 7, stdout: '' });
  });

  test.each([
    ['exit-reading', 'uncaught after many events'],
    ['reject-waiting', 'uncaught while waiting'],
  ])('ends by an uncaught exception as any other (%s)', async (script, message) => {
    using child = new Child(script, ['throw']);
    const { code, signal, stderr } = await child.ended();
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(stderr).toContain(`Error: ${message}`);
    expect(stderr).not.toMatch(/FATAL|Check failed|AddressSanitizer|runtime error/);
  });
});

const WAYS = ['ring-callback', 'perf-loop', 'perf-callback', 'group', 'user-ring'];

describe.each(WAYS)('a stream of records by %s', (way) => {
  test('ends with process.exit() in its midst', async () => {
    using child = new Child('streams', [way, 'exit']);
    expect(await child.ended()).toEqual({ ...quiet, code: 7, stdout: '' });
  });

  test('ends with an uncaught exception in its midst', async () => {
    using child = new Child('streams', [way, 'throw']);
    const { code, signal, stderr } = await child.ended();
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(stderr).toContain('Error: uncaught after many events');
    expect(stderr).not.toMatch(/FATAL|Check failed|AddressSanitizer|runtime error/);
  });

  test('ends when it is closed in its midst, and keeps nothing alive', async () => {
    using child = new Child('streams', [way, 'close']);
    expect(await child.ended()).toEqual({ ...quiet, code: 0, stdout: '' });
  });

  test('ends with its worker thread, which leaves no descriptor', async () => {
    const before = openFiles().length;
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(childScript('streams'), { workerData: [way] });
      await once(worker, 'message');
      expect(await worker.terminate()).toBe(1);
    }
    expect(openFiles().length).toBe(before);
  });
});

describe('a worker thread', () => {
  /** Runs a worker until it sends a message, and terminates it then. */
  async function terminateAtMessage(script: string, delay = 0): Promise<number> {
    const worker = new Worker(childScript(script));
    await once(worker, 'message');
    for (let turn = 0; turn < delay; turn++) await new Promise(setImmediate);
    return worker.terminate();
  }

  test('is terminated while it reads, 10 times, and leaves no descriptor', async () => {
    const before = bpfFiles();
    for (let round = 0; round < 10; round++) {
      expect(await terminateAtMessage('worker-reads')).toBe(1);
      expect(bpfFiles()).toEqual(before);
    }
  });

  test('is terminated while it loads, at many moments, and leaves no descriptor', async () => {
    const before = bpfFiles();
    for (let round = 0; round < 20; round++) {
      expect(await terminateAtMessage('worker-loads', round * 3)).toBe(1);
      expect(bpfFiles()).toEqual(before);
    }
  });

  test('may be the only one that loads the addon', async () => {
    using child = new Child('only-in-worker');
    expect(await child.ended()).toEqual({ ...quiet, code: 0, stdout: '-2 -2 -2 -2 -2 0\n' });
  });

  test('gets errors of its own, and so does the main thread still', async () => {
    using child = new Child('errors-in-worker');
    const codes = 'ERR_BPF_ARGUMENT ERR_BPF_ARGUMENT ERR_BPF_ARGUMENT\n';
    expect(await child.ended()).toEqual({ ...quiet, code: 0, stdout: codes });
  });

  test('is one of four that do anything, terminated at any moment, while the main thread loads', async () => {
    const before = bpfFiles();
    for (let round = 0; round < 6; round++) {
      await Promise.all([
        ...[1, 5, 25, 125].map((delay) => terminateAtMessage('worker-anything', delay * (round + 1))),
        BpfObject.open(fixture('kinds'))
          .load()
          .then((object) => object.close()),
      ]);
    }
    expect(bpfFiles()).toEqual(before);
  });

  test('works beside the main thread', async () => {
    using object = await BpfObject.open(fixture('kinds')).load();
    expect(await terminateAtMessage('worker-reads')).toBe(1);
    expect(object.programs.copy_kinds?.run(new Uint8Array(16))).toBe(1);
  });
});

describe('calls in any order', () => {
  // Open, loading, loaded, closed, forgotten and collected things meet each other here.
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'do what they should or are refused, and nothing else (seed %i)',
    async (seed) => {
      using child = new Child('any-order', [String(seed), '600'], { execArgv: ['--expose-gc'] });
      const { stdout, ...ended } = await child.ended();
      expect(ended).toEqual({ ...quiet, code: 0 });
      const { done, refused } = JSON.parse(stdout) as { done: number; refused: number };
      expect(done).toBeGreaterThan(100);
      expect(refused).toBeGreaterThan(10);
    },
  );
});

describe('the garbage collector', () => {
  test('gets what is dropped, and its descriptors go', async () => {
    using child = new Child('garbage', [], { execArgv: ['--expose-gc'] });
    const { stdout, ...ended } = await child.ended();
    expect(ended).toEqual({ ...quiet, code: 0 });
    expect(JSON.parse(stdout)).toEqual({ before: 0, grew: true, after: 0 });
  });
});
