import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MprotectGuard } from '../../examples/types/mprotect_guard.js';
import { BpfObject, type BpfProgram, type OpenObject } from '../../src/index.js';
import { tryMkdir } from '../support/directory.js';
import { bpfFiles } from '../support/fds.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { fixture, shipped } from '../support/objects.js';
import { asOrdinaryUser } from '../support/ordinary-user.js';
import { Target } from '../support/target.js';
import { thrown } from '../support/thrown.js';

type Name = 'base' | 'extra' | 'nowhere' | 'broken' | 'anywhere' | 'chooses_branch';

interface Optional {
  programs: Name;
  maps: { runs: { key: number; value: bigint } };
  globals: { seen_by_base: bigint; seen_by_extra: bigint; branch: number };
  constants: { target_pid: number };
}

let before: string[];
beforeEach(() => {
  before = bpfFiles();
});
afterEach(() => {
  expect(bpfFiles()).toEqual(before);
});

/** Opens the fixture with these of its programs only. */
function open(...names: Name[]): OpenObject<Optional> {
  const object = BpfObject.open<Optional>(fixture('optional'));
  for (const program of Object.values(object.programs))
    program.autoload = names.includes(program.name as Name);
  object.globals.target_pid = process.pid;
  return object;
}

const DIRECTORY = '/dev/shm/bpf-lsm-opening';

function tryRmdir(): string {
  if (!existsSync(DIRECTORY)) mkdirSync(DIRECTORY);
  try {
    rmdirSync(DIRECTORY);
    return '0';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

describe('an optional program', () => {
  test('is loaded when the kernel takes it, and shares maps and globals with the others', async () => {
    const opened = open('base', 'extra');
    opened.programs.extra.optional = true;
    using object = await opened.load();
    expect(object.report).toMatchObject({
      base: { state: 'loaded' },
      extra: { state: 'loaded' },
      broken: { state: 'off' },
    });
    expect(tryRmdir()).toBe('0');
    using _base = object.programs.base.attach();
    const extra = object.programs.extra.attach();
    mkdirSync(DIRECTORY);
    expect(tryRmdir()).toBe('EPERM');
    extra.close();
    expect(tryRmdir()).toBe('0');
    expect([object.globals.seen_by_base, object.globals.seen_by_extra]).toEqual([1n, 1n]);
    expect([...object.maps.runs.entries()].sort()).toEqual([
      [1, 1n],
      [2, 1n],
    ]);
  });

  test.each([
    ['nowhere', 'ESRCH', 'kernel', /this kernel has no LSM hook no_such_hook/],
    ['broken', 'EACCES', 'input', /it uses a number as a pointer/],
  ] as const)(
    'is left out when the kernel refuses it, and the report says why: %s',
    async (name, code, reason, message) => {
      const opened = open('base', name);
      opened.programs[name].optional = true;
      using object = await opened.load();
      expect(Object.keys(object.programs)).toEqual(['base']);
      const report = object.report[name];
      if (report.state !== 'refused') throw new Error(`it is ${report.state}`);
      expect(report.error).toMatchObject({ code, reason, program: name });
      expect(report.error.message).toMatch(message);
      expect(report.instead).toBeUndefined();
      const error = await thrown(() => object.programs[name]);
      expect(error).toMatchObject({ code: 'ERR_BPF_NOT_LOADED', program: name, cause: report.error });
      using _base = object.programs.base.attach();
      expect(tryMkdir()).toBe('0');
      expect(object.globals.seen_by_base).toBe(1n);
    },
  );

  test('fails load() when it is not optional, and leaves nothing behind', async () => {
    const opened = open('base', 'extra', 'broken');
    opened.programs.extra.optional = true;
    const error = await thrown(() => opened.load());
    expect(error).toMatchObject({ code: 'EACCES', program: 'broken' });
  });

  test('keeps edits of maps and programs', async () => {
    const opened = open('anywhere');
    opened.programs.anywhere.optional = true;
    opened.programs.anywhere.attachTarget = 'inode_mkdir';
    opened.maps.runs.maxEntries = 100;
    using object = await opened.load();
    expect(object.maps.runs.maxEntries).toBe(100);
    using link = object.programs.anywhere.attach();
    expect(link.info()).toMatchObject({ target: 'bpf_lsm_inode_mkdir' });
    expect(tryMkdir()).toBe('0');
    expect(object.maps.runs.get(3)).toBe(1n);
  });

  test('that you may not load fails load() all the same', async () => {
    const { Child } = await import('../support/child.js');
    using child = new Child('load-optional', [], { command: asOrdinaryUser('bpf') });
    const { stdout, stderr } = await child.ended();
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ code: 'EPERM', reason: 'permission' });
  });
});

describe('alternatives', () => {
  test('the first that the kernel takes is loaded, and the report says why not the others', async () => {
    const opened = open('nowhere', 'broken', 'extra', 'base');
    opened.alternatives('nowhere', 'broken', 'extra');
    using object = await opened.load();
    expect(Object.keys(object.programs).sort()).toEqual(['base', 'extra']);
    expect(object.report.nowhere).toMatchObject({
      state: 'refused',
      instead: 'extra',
      error: { code: 'ESRCH' },
    });
    expect(object.report.broken).toMatchObject({
      state: 'refused',
      instead: 'extra',
      error: { code: 'EACCES' },
    });
    expect(object.report.extra).toMatchObject({ state: 'loaded' });
    expect(object.chosen('nowhere', 'broken', 'extra')).toBe(object.programs.extra);
    const link = object.chosen('nowhere', 'broken', 'extra').attach();
    expect(tryRmdir()).toBe('EPERM');
    link.close();
    expect(tryRmdir()).toBe('0');
  });

  test('those behind it are spare', async () => {
    const opened = open('base', 'extra', 'broken');
    opened.alternatives('base', 'extra');
    opened.alternatives('broken', 'chooses_branch');
    opened.programs.chooses_branch.autoload = true;
    using object = await opened.load();
    expect(object.report.extra).toEqual({ state: 'spare', instead: 'base' });
    expect(object.report.chooses_branch).toMatchObject({ state: 'loaded' });
    expect(await thrown(() => object.programs.extra)).toMatchObject({
      code: 'ERR_BPF_NOT_LOADED',
      message: expect.stringContaining('base is loaded instead'),
    });
    expect(await thrown(() => object.chosen('base', 'chooses_branch'))).toMatchObject({
      code: 'ERR_BPF_ARGUMENT',
    });
  });

  test('that are all refused fail load(), which says why each of them is', async () => {
    const opened = open('base', 'nowhere', 'broken');
    opened.alternatives('nowhere', 'broken');
    const error = await thrown(() => opened.load());
    expect(error).toMatchObject({ code: 'EACCES', program: 'broken' });
    expect(error.message).toMatch(
      /none of the alternatives nowhere, broken .* no LSM hook no_such_hook.*it uses a number as a pointer/,
    );
    expect(error.verifierLog).toBeDefined();
  });

  test('are two or more, each once, and programs of the object', async () => {
    using opened = open('base', 'extra');
    const untypedOpen = opened as unknown as { alternatives(...names: string[]): void };
    for (const names of [[], ['base'], ['base', 'base']]) {
      expect(await thrown(() => untypedOpen.alternatives(...names))).toMatchObject({
        code: 'ERR_BPF_ARGUMENT',
      });
    }
    expect(await thrown(() => untypedOpen.alternatives('base', 'nothing'))).toMatchObject({
      code: 'ERR_BPF_UNKNOWN_NAME',
    });
    opened.alternatives('base', 'extra');
    expect(await thrown(() => opened.alternatives('extra', 'broken'))).toMatchObject({
      code: 'ERR_BPF_ARGUMENT',
    });
  });
});

describe('a program that was left out', () => {
  test('is loaded later, and shares maps and globals with the others', async () => {
    using object = await open('base').load();
    expect(object.report.extra.state).toBe('off');
    expect(await thrown(() => object.programs.extra)).toMatchObject({ code: 'ERR_BPF_NOT_LOADED' });
    const [first, second] = await Promise.all([object.loadProgram('extra'), object.loadProgram('extra')]);
    expect(second).toBe(first);
    expect(await object.loadProgram('extra')).toBe(first);
    expect(object.programs.extra).toBe(first);
    expect(object.report.extra).toMatchObject({ state: 'loaded', program: first });
    const link = first.attach();
    expect(tryRmdir()).toBe('EPERM');
    link.close();
    expect(tryRmdir()).toBe('0');
    expect(object.globals.seen_by_extra).toBe(1n);
    expect(object.maps.runs.get(2)).toBe(1n);
  });

  test('is refused with the reason, and the others stay as they are', async () => {
    const object = await open('base').load();
    const error = await thrown(() => object.loadProgram('broken'));
    expect(error).toMatchObject({ program: 'broken', verifierLog: expect.any(String) });
    expect(object.report.broken.state).toBe('off');
    expect(object.programs.base.info()).toMatchObject({ name: 'base' });
    expect(await thrown(() => object.loadProgram('nonsense' as 'base'))).toMatchObject({
      code: 'ERR_BPF_UNKNOWN_NAME',
    });
    const loading = object.loadProgram('extra');
    object.close();
    await expect(loading).rejects.toMatchObject({ code: 'ERR_BPF_CLOSED' });
    expect(await thrown(() => object.loadProgram('extra'))).toMatchObject({ code: 'ERR_BPF_CLOSED' });
  });
});

describe('an attach target', () => {
  test.each(['inode_mkdir', 'bpf_lsm_inode_mkdir'])('is chosen by name before load: %s', async (target) => {
    const opened = open('anywhere');
    expect(opened.programs.anywhere.hook).toBeUndefined();
    opened.programs.anywhere.attachTarget = target;
    expect(opened.programs.anywhere.hook).toBe('inode_mkdir');
    using object = await opened.load();
    expect(object.programs.anywhere.hook).toBe('inode_mkdir');
    const link = object.programs.anywhere.attach();
    expect(tryMkdir()).toBe('0');
    expect(object.maps.runs.get(3)).toBe(1n);
    link.close();
    expect(tryMkdir()).toBe('0');
    expect(object.maps.runs.get(3)).toBe(1n);
  });

  test('that the kernel does not have is refused at once', async () => {
    using opened = open('anywhere');
    const error = await thrown(() => {
      opened.programs.anywhere.attachTarget = 'no_such_hook';
    });
    expect(error).toMatchObject({ reason: 'kernel', program: 'anywhere' });
    expect(error.message).toContain('this kernel has no LSM hook no_such_hook');
  });

  test('can be another function for fentry and fexit', async () => {
    const opened = BpfObject.open(fixture('trace_kinds'));
    for (const program of Object.values(opened.programs))
      program.autoload = program.name === 'fentry_program';
    const { fentry_program: fentry } = opened.programs;
    if (!fentry) throw new Error('the fixture has changed');
    fentry.attachTarget = 'security_inode_rmdir';
    using object = await opened.load();
    object.globals.target_pid = process.pid;
    using link = (object.programs.fentry_program as BpfProgram).attach();
    expect(link.info()).toMatchObject({ target: 'security_inode_rmdir' });
    expect(tryRmdir()).toBe('0');
    expect(object.globals.on_fentry).toMatchObject({ runs: 1n });
  });
});

describe('fmod_ret/', () => {
  // kernel/bpf/verifier.c check_attach_modify_return(): security_*() and functions that are open to error injection.
  test('is not for the functions of LSM hooks', async () => {
    const opened = BpfObject.open(fixture('trace_kinds'));
    for (const program of Object.values(opened.programs))
      program.autoload = program.name === 'fmod_ret_program';
    const { fmod_ret_program: program } = opened.programs;
    if (!program) throw new Error('the fixture has changed');
    program.attachTarget = 'bpf_lsm_inode_mkdir';
    const error = await thrown(() => opened.load());
    expect(error).toMatchObject({ code: 'EINVAL', program: 'fmod_ret_program' });
    expect(error.verifierLog).toContain('bpf_lsm_inode_mkdir() is not modifiable');
  });
});

describe('a freplace/ program', () => {
  interface Replaceable {
    programs: 'judge';
    maps: object;
    globals: { target_pid: number };
  }
  interface Replacement {
    programs: 'deny_all';
    maps: object;
    globals: { decided: bigint };
  }

  test('takes the place of a function of an LSM program while it is attached', async () => {
    using judge = await BpfObject.open<Replaceable>(fixture('replaceable')).load();
    judge.globals.target_pid = process.pid;
    using _judged = judge.programs.judge.attach();
    expect(tryMkdir()).toBe('0');
    const opened = BpfObject.open<Replacement>(fixture('replacement'));
    opened.programs.deny_all.attachTarget = { program: judge.programs.judge };
    using replacement = await opened.load();
    expect(tryMkdir()).toBe('0');
    const link = replacement.programs.deny_all.attach();
    expect(link.info()).toMatchObject({
      type: 'tracing',
      attachType: 'freplace',
      targetObjectId: judge.programs.judge.info().id,
    });
    expect(tryMkdir()).toBe('EPERM');
    expect(replacement.globals.decided).toBe(1n);
    const busy = await thrown(() => replacement.programs.deny_all.attach());
    expect(busy).toMatchObject({ code: 'EINVAL', program: 'deny_all', hint: 'load the object once more' });
    link.close();
    expect(tryMkdir()).toBe('0');
  });

  test('needs to be told which program', async () => {
    using judge = await BpfObject.open<Replaceable>(fixture('replaceable')).load();
    const opened = BpfObject.open<Replacement>(fixture('replacement'));
    const error = await thrown(() => {
      opened.programs.deny_all.attachTarget = { program: judge.programs.judge, function: 'no_such_function' };
    });
    expect(error).toMatchObject({ program: 'deny_all', reason: 'kernel' });
    opened.close();
  });
});

describe('a weak symbol', () => {
  test('is there or not, and the program takes the branch that fits', async () => {
    using object = await open('chooses_branch').load();
    using _link = object.programs.chooses_branch.attach();
    expect(tryMkdir()).toBe('0');
    expect(object.globals.branch).toBe(kernelIsAtLeast(6, 17) ? 1 : 2);
  });
});

describe('the kernel configuration', () => {
  interface Configured {
    programs: 'read_config';
    maps: object;
    globals: { hz: number; has_bpf_lsm: number; has_other: number };
  }

  test('is that of the running kernel, or the text that is given', async () => {
    const own = readFileSync(`/boot/config-${release()}`, 'utf8');
    const hz = Number(/^CONFIG_HZ=(\d+)$/m.exec(own)?.[1]);
    for (const [kconfig, expected] of [
      [undefined, [hz, 1, 0]],
      [`${own}CONFIG_NO_SUCH_OPTION=y\n`, [hz, 1, 1]],
      ['CONFIG_BPF_LSM=n\nCONFIG_HZ=1234\nCONFIG_NO_SUCH_OPTION=n\n', [1234, 0, 0]],
    ] as const) {
      const options = kconfig === undefined ? {} : { kconfig };
      using object = await BpfObject.open<Configured>(fixture('configured'), options).load();
      object.programs.read_config.run();
      const { globals } = object;
      expect([globals.hz, globals.has_bpf_lsm, globals.has_other]).toEqual(expected);
    }
    // Debian's cloud kernels do not hold their configuration themselves.
    expect(existsSync('/proc/config.gz')).toBe(false);
  });
});

describe('the BTF to relocate against', () => {
  const trimmed = (object: string): string => {
    const path = `/tmp/${object.replace(/\W/g, '-')}.btf`;
    execFileSync('bpftool', ['gen', 'min_core_btf', '/sys/kernel/btf/vmlinux', path, shipped(object)]);
    return path;
  };

  test('can be a file with those types only that the object uses, as it was when it was opened', async () => {
    const btfPath = trimmed('examples/mprotect_guard');
    expect(readFileSync(btfPath).length).toBeLessThan(10_000);
    using target = new Target();
    const opened = BpfObject.open<MprotectGuard>(shipped('examples/mprotect_guard'), { btfPath });
    writeFileSync(btfPath, 'no BTF');
    opened.globals.target_pid = target.pid;
    opened.globals.mode = 'MODE_ENFORCE';
    using guard = await opened.load();
    expect(await target.ask('heap-exec')).toBe('0');
    const link = guard.programs.guard_mprotect.attach();
    expect(await target.ask('heap-exec')).toBe('EPERM');
    expect(await target.ask('file-exec')).toBe('0');
    link.close();
    expect(await target.ask('heap-exec')).toBe('0');
  });

  test('is the one that was given: without the types, the object does not load', async () => {
    const btfPath = trimmed('examples/exec_count');
    const opened = BpfObject.open<MprotectGuard>(shipped('examples/mprotect_guard'), { btfPath });
    const error = await thrown(() => opened.load());
    expect(error).toMatchObject({ program: 'guard_mprotect' });
  });

  test('that cannot be read is an error', async () => {
    const open = () => BpfObject.open(shipped('examples/mprotect_guard'), { btfPath: '/nonexistent' });
    expect(await thrown(open)).toMatchObject({ code: 'ENOENT', path: '/nonexistent' });
  });
});
