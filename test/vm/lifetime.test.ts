import { mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BpfArray, Link } from '../../src/index.js';
import { Child } from '../support/child.js';
import { bpfFiles } from '../support/fds.js';
import { Target } from '../support/target.js';
import { thrown } from '../support/thrown.js';

const PINS = '/sys/fs/bpf/lifetime-test';

describe('an attachment', () => {
  test('ends at once when its process is killed, and is not inherited by children', async () => {
    using target = new Target();
    using loader = new Child('guard-and-wait', [String(target.pid)]);
    expect(await target.ask('heap-exec')).toBe('0');
    expect(await loader.message()).toEqual({ inherited: [] });
    expect(bpfFiles(loader.pid).some((file) => /bpf[-_]link/.test(file))).toBe(true);
    expect(await target.ask('heap-exec')).toBe('EPERM');

    loader.kill('SIGKILL');
    expect(await loader.ended()).toMatchObject({ signal: 'SIGKILL' });
    expect(await target.ask('heap-exec')).toBe('0');
  });

  test('outlives its process by a pin, which another process opens, reads and ends', async () => {
    using target = new Target();
    using loader = new Child('guard-and-wait', [String(target.pid), PINS]);
    expect(await target.ask('heap-exec')).toBe('0');
    await loader.message();
    expect(await loader.ended()).toMatchObject({ code: 0, stderr: '' });

    expect(await target.ask('heap-exec')).toBe('EPERM');
    expect(statSync(PINS).mode & 0o777).toBe(0o700);
    expect(readdirSync(PINS).map((pin) => statSync(`${PINS}/${pin}`).mode & 0o077)).toEqual([0, 0]);

    using counters = BpfArray.open<{ seen: bigint; denied: bigint }>(`${PINS}/counters`);
    expect(counters.get(0)).toMatchObject({ denied: 1n });
    expect(await target.ask('stack-exec')).toBe('EPERM');
    expect(counters.get(0)).toMatchObject({ denied: 2n });

    const link = Link.open(`${PINS}/link`);
    expect(link.info()).toMatchObject({ type: 'tracing', attachType: 'lsm_mac' });
    link.unpin();
    expect(await target.ask('heap-exec')).toBe('EPERM');
    link.close();
    expect(await target.ask('heap-exec')).toBe('0');

    unlinkSync(`${PINS}/counters`);
    rmdirSync(PINS);
  });

  test('is not ended by the garbage collector, though nothing refers to it any more', async () => {
    using target = new Target();
    using loader = new Child('guard-and-drop', [String(target.pid)], { execArgv: ['--expose-gc'] });
    expect(await target.ask('heap-exec')).toBe('0');
    expect(await loader.message()).toBe('collected');
    expect(await target.ask('heap-exec')).toBe('EPERM');
    expect(await target.ask('file-exec')).toBe('0');

    loader.kill('SIGKILL');
    expect(await loader.ended()).toMatchObject({ signal: 'SIGKILL' });
    expect(await target.ask('heap-exec')).toBe('0');
  });

  test('is no descriptor of a child, and neither is anything else', async () => {
    using child = new Child('everything-open', ['attach']);
    const { stdout, ...ended } = await child.ended();
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
    const { own, inherited } = JSON.parse(stdout) as { own: string[]; inherited: string[] };
    expect(own.filter((file) => /bpf/.test(file)).length).toBeGreaterThan(2);
    expect(own.some((file) => /bpf[-_]link/.test(file))).toBe(true);
    expect(inherited).toEqual([]);
  });

  test('pins only where pins can be, and says what a pin is not', async () => {
    using target = new Target();
    using loader = new Child('guard-and-wait', [String(target.pid), PINS]);
    await loader.message();
    await loader.ended();
    {
      using link = Link.open(`${PINS}/link`);
      expect(await thrown(() => link.pin(`${PINS}/again`))).toMatchObject({ code: 'ERR_BPF_STATE' });
      link.unpin();
      expect(await thrown(() => link.unpin())).toMatchObject({ code: 'ERR_BPF_STATE' });
      expect(await thrown(() => link.pin('/tmp/link'))).toMatchObject({
        code: 'ERR_BPF_NOT_BPFFS',
        path: '/tmp/link',
      });
      expect(await thrown(() => link.pin('relative'))).toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
      expect(await thrown(() => link.pin(`${PINS}/counters`))).toMatchObject({ code: 'EEXIST' });
      expect(await thrown(() => Link.open(`${PINS}/counters`))).toMatchObject({ code: 'ERR_BPF_WRONG_KIND' });
      expect(await thrown(() => Link.open(`${PINS}/none`))).toMatchObject({
        code: 'ENOENT',
        path: `${PINS}/none`,
      });
    }
    expect(await target.ask('heap-exec')).toBe('0');
    unlinkSync(`${PINS}/counters`);
    rmdirSync(PINS);
    mkdirSync(PINS);
    rmdirSync(PINS);
  });
});
