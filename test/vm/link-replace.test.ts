import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BpfObject, type BpfProgram, Link } from '../../src/index.js';
import { Child } from '../support/child.js';
import { tryMkdir } from '../support/directory.js';
import { bpfFiles } from '../support/fds.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';
import { untyped } from '../support/untyped.js';

const PINS = '/sys/fs/bpf/link-replace';

interface DenyMkdir {
  programs: 'deny_mkdir';
  maps: object;
  globals: { target_pid: number; denied: bigint };
}

interface Guard extends Disposable {
  object: BpfObject<DenyMkdir>;
  program: BpfProgram;
}

async function loadGuard(pid: number): Promise<Guard> {
  const open = BpfObject.open<DenyMkdir>(fixture('deny_mkdir'));
  open.globals.target_pid = pid;
  const object = await open.load();
  return { object, program: object.programs.deny_mkdir, [Symbol.dispose]: () => object.close() };
}

let before: string[];
beforeAll(() => {
  before = bpfFiles();
});
afterAll(() => {
  expect(bpfFiles()).toEqual(before);
});

/** A mkdir(2) by this process. */
const trigger = (): string => tryMkdir();

describe('replacing an lsm/ program', () => {
  test('never leaves a moment without one: a process that hammers at it is never let through', async () => {
    using child = new Child('hammer');
    expect(await child.message()).toBe('ready');
    using a = await loadGuard(child.pid);
    using b = await loadGuard(child.pid);
    let link = a.program.attach();
    link.pin(`${PINS}/guard`);
    child.send('start');

    let replaced = 0;
    const denials = () => a.object.globals.denied + b.object.globals.denied;
    while (replaced < 30 || denials() < 20_000n) {
      const next = replaced % 2 === 0 ? b : a;
      const counted = next.object.globals.denied;
      link = await link.replace(next.program, {
        // The hammering itself shows that the new program is at work.
        verify: async () => {
          while (next.object.globals.denied === counted)
            await new Promise((resolve) => setImmediate(resolve));
          return true;
        },
      });
      replaced++;
      expect(link.info()).toMatchObject({ programId: next.program.info().id });
      expect(link.pinPath).toBe(`${PINS}/guard`);
    }
    child.send('stop');
    const outcomes = (await child.message()) as { allowed: number; denied: number; other: number };
    expect(outcomes).toMatchObject({ allowed: 0, other: 0 });
    expect(BigInt(outcomes.denied)).toBe(denials());
    expect(outcomes.denied).toBeGreaterThanOrEqual(20_000);
    expect(readdirSync(PINS)).toEqual(['guard']);

    // The same process does get through once the link is closed.
    using again = new Child('hammer');
    await again.message();
    a.object.globals.target_pid = again.pid;
    b.object.globals.target_pid = again.pid;
    again.send('start');
    await expect.poll(denials, { timeout: 30_000 }).toBeGreaterThan(BigInt(outcomes.denied));
    link.unpin();
    link.close();
    again.send('stop');
    const without = (await again.message()) as { allowed: number; denied: number };
    expect(without.denied).toBeGreaterThan(0);
    expect(without.allowed).toBeGreaterThan(0);
    rmdirSync(PINS);
  }, 300_000);

  test('by a program that is seen to run when something is done that the hook is asked about', async () => {
    using old = await loadGuard(process.pid);
    using next = await loadGuard(process.pid);
    const first = old.program.attach();
    expect(tryMkdir()).toBe('EPERM');
    const second = await first.replace(next.program, { trigger });
    expect(first.closed).toBe(true);
    expect(next.object.globals.denied).toBe(1n);
    expect(tryMkdir()).toBe('EPERM');
    expect([old.object.globals.denied, next.object.globals.denied]).toEqual([1n, 2n]);
    second.close();
    expect(tryMkdir()).toBe('0');
  });

  test('keeps what the old one denies until it is gone, and relaxes then', async () => {
    using strict = await loadGuard(process.pid);
    using lax = await loadGuard(0);
    const first = strict.program.attach();
    const second = await first.replace(lax.program, {
      verify: () => {
        expect(tryMkdir()).toBe('EPERM');
        return true;
      },
    });
    expect(tryMkdir()).toBe('0');
    second.close();
  });

  test('hands the pin over by a rename, so that its path leads to one of the two', async () => {
    using old = await loadGuard(process.pid);
    using next = await loadGuard(process.pid);
    mkdirSync(PINS);
    const first = old.program.attach();
    first.pin(`${PINS}/guard`);
    const second = await first.replace(next.program, { trigger });
    expect(readdirSync(PINS)).toEqual(['guard']);
    expect([first.pinPath, second.pinPath]).toEqual([undefined, `${PINS}/guard`]);
    second.close();
    // The pin alone holds the new one now.
    expect(tryMkdir()).toBe('EPERM');
    const opened = Link.open(`${PINS}/guard`);
    expect(opened.info()).toMatchObject({ id: second.id, programId: next.program.info().id });
    opened.unpin();
    opened.close();
    expect(tryMkdir()).toBe('0');
    rmdirSync(PINS);
  });
});

describe('a replacement that is not shown to run', () => {
  const failing: [string, Parameters<Link['replace']>[1]][] = [
    ['says no', { verify: () => false }],
    ['says something else', { verify: untyped(() => 'yes') }],
    ['rejects', { verify: async () => Promise.reject(new Error('not seen')) }],
    [
      'throws',
      {
        verify: () => {
          throw new Error('not seen');
        },
      },
    ],
    ['triggers nothing', { trigger: () => undefined }],
  ];

  test.each(failing)('is taken back, and the old one stays: a check that %s', async (_name, options) => {
    using old = await loadGuard(process.pid);
    using next = await loadGuard(process.pid);
    mkdirSync(PINS);
    const link = old.program.attach();
    link.pin(`${PINS}/guard`);
    const error = await thrown(() => link.replace(next.program, options));
    expect(error).toMatchObject({ code: 'ERR_BPF_NOT_VERIFIED', program: 'deny_mkdir', hook: 'inode_mkdir' });
    expect(error.message).toContain('attached as before');
    expect(link.info()).toMatchObject({ programId: old.program.info().id });
    expect(link.pinPath).toBe(`${PINS}/guard`);
    expect(tryMkdir()).toBe('EPERM');
    expect([old.object.globals.denied > 0n, next.object.globals.denied]).toEqual([true, 0n]);
    // It is not attached, or this would be refused.
    next.program.attach().close();
    link.unpin();
    link.close();
    expect(tryMkdir()).toBe('0');
    expect(existsSync(`${PINS}/guard`)).toBe(false);
    rmdirSync(PINS);
  });

  test('because the pin is not the link’s any more: the other link keeps it', async () => {
    using old = await loadGuard(process.pid);
    using next = await loadGuard(process.pid);
    using other = await loadGuard(0);
    const { rmSync } = await import('node:fs');
    mkdirSync(PINS);
    const link = old.program.attach();
    link.pin(`${PINS}/guard`);
    rmSync(`${PINS}/guard`);
    const stranger = other.program.attach();
    stranger.pin(`${PINS}/guard`);
    const error = await thrown(() => link.replace(next.program, { trigger }));
    expect(error).toMatchObject({ code: 'ERR_BPF_STATE', path: `${PINS}/guard` });
    expect(tryMkdir()).toBe('EPERM');
    expect(readdirSync(PINS)).toEqual(['guard']);
    stranger.unpin();
    stranger.close();
    link.close();
    expect(tryMkdir()).toBe('0');
    rmdirSync(PINS);
  });
});

describe('what is refused before anything is attached:', () => {
  test.each([undefined, null, {}, { verify: true }, { trigger: 5 }])('%j as the options', async (options) => {
    using old = await loadGuard(0);
    using next = await loadGuard(0);
    using link = old.program.attach();
    expect(await thrown(() => link.replace(next.program, untyped(options)))).toMatchObject({
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
    });
    expect(link.closed).toBe(false);
  });

  test('the attached program itself', async () => {
    using old = await loadGuard(0);
    using link = old.program.attach();
    const error = await thrown(() => link.replace(old.program, { trigger }));
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', hint: 'load another one' });
  });

  test('a program of another hook or kind', async () => {
    using old = await loadGuard(0);
    using link = old.program.attach();
    using traced = await BpfObject.open(fixture('trace_kinds')).load();
    for (const name of ['lsm_sleepable', 'fexit_program', 'fmod_ret_program', 'kprobe_program']) {
      const error = await thrown(() => link.replace(traced.programs[name] as BpfProgram, { trigger }));
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', program: name });
      expect(error.message).toContain('was not loaded for bpf_lsm_inode_mkdir as lsm_mac');
    }
    using kprobe = (traced.programs.kprobe_program as BpfProgram).attach();
    const error = await thrown(() => kprobe.replace(old.program, { trigger }));
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', hint: expect.stringContaining('close it') });
  });
});
