import { beforeEach, describe, expect, test, vi } from 'vitest';
import { BpfError } from '../../../src/errors.js';
import type { NativeProgramSpec } from '../../../src/native.js';
import { activeLsms } from '../../../src/object/consulted.js';
import { explainLoadFailure } from '../../../src/object/load-failure.js';
import { inInitialUserNamespace, missingForLsm } from '../../../src/object/privileges.js';
import * as logs from './verifier-logs.js';

vi.mock('../../../src/object/kernel-hooks.js', () => ({
  hookPrototype: (hook: string) => `int ${hook}(struct file *file)`,
  similarHooks: (wrong: string) => (wrong === 'file_opened' ? ['file_open', 'file_post_open'] : []),
}));
vi.mock('../../../src/object/consulted.js', () => ({ activeLsms: vi.fn() }));
vi.mock('../../../src/object/privileges.js', () => ({
  inInitialUserNamespace: vi.fn(),
  missingForLsm: vi.fn(),
}));

beforeEach(() => {
  vi.mocked(activeLsms).mockReturnValue(['capability', 'bpf']);
  vi.mocked(inInitialUserNamespace).mockReturnValue(true);
  vi.mocked(missingForLsm).mockReturnValue([]);
});

const PROGRAMS: readonly [name: string, section: string][] = [
  ['faulty_null', 'lsm/file_open'],
  ['faulty_endless', 'lsm/file_open'],
  ['faulty_return', 'lsm/file_open'],
  ['faulty_write', 'lsm/file_open'],
  ['faulty_args', 'lsm/file_open'],
  ['faulty_sleepable', 'lsm.s/file_mprotect'],
  ['faulty_license', 'lsm/file_open'],
  ['faulty_disabled', 'lsm/inode_listsecurity'],
  ['faulty_hook', 'lsm/no_such_hook'],
];
const specs: NativeProgramSpec[] = PROGRAMS.map(([name, section]) => ({
  name,
  section,
  type: 'lsm',
  attachType: 27,
  autoload: true,
}));

function explain(code: string, libbpfLog: string): BpfError {
  const cause = new BpfError(`cannot load the BPF object "guard": (${code})`, {
    code,
    errno: -1,
    syscall: 'bpf_object__load',
    libbpfLog,
  });
  return explainLoadFailure('guard', specs, cause);
}

describe('a load that the verifier refused is explained:', () => {
  test.each([
    ['a missing check for NULL', 'EACCES', logs.nullOn6_1, 'may be NULL (map_value_or_null)', 'compare it'],
    ['the same on 6.12', 'EACCES', logs.nullOn6_12, 'may be NULL (map_value_or_null)', 'compare it with'],
    ['the same on 7.3', 'EACCES', logs.nullOn7_3, 'may be NULL (map_value_or_null)', 'compare it with'],
    ['an endless loop', 'EINVAL', logs.endlessOn6_1, 'infinite loop detected at insn 0', 'bpf_loop()'],
    ['the same on 6.12', 'EINVAL', logs.endlessOn6_12, 'infinite loop detected at insn 0', 'bpf_loop()'],
    ['a return value', 'EINVAL', logs.returnOn6_12, 'a value outside [-4095, 0]', '-EPERM to deny'],
    ['a write', 'EACCES', logs.writeOn6_12, 'writes to a kernel structure', 'maps or in local storage'],
    [
      'an argument too many',
      'EACCES',
      logs.argsOn6_1,
      'reads an argument',
      'int file_open(struct file *file)',
    ],
    ['the same on 7.3', 'EACCES', logs.argsOn7_3, 'reads an argument', 'int file_open(struct file *file)'],
    ['the licence', 'EINVAL', logs.licenseOn7_3, 'GPL-compatible licence', 'SEC("license")'],
  ])('%s', (_what, code, log, why, hint) => {
    const error = explain(code, log);
    expect(error.message).toContain(`(hook file_open) cannot be loaded: `);
    expect(error.message).toContain(why);
    expect(error.message).toContain(`(${code}); `);
    expect(error.hint).toContain(hint);
    expect(error).toMatchObject({ code, reason: 'input', hook: 'file_open', syscall: 'bpf(BPF_PROG_LOAD)' });
    expect(error.program).toMatch(/^faulty_/);
    expect(error.verifierLog).toContain('processed ');
    expect(error.verifierLog).not.toContain('-- BEGIN');
    expect(error.cause).toBeInstanceOf(BpfError);
  });

  test('a hook that cannot sleep', () => {
    const error = explain('EINVAL', logs.sleepableOn7_3);
    expect(error).toMatchObject({ reason: 'kernel', hook: 'file_mprotect' });
    expect(error.hint).toBe('use SEC("lsm/file_mprotect") instead of SEC("lsm.s/file_mprotect")');
  });

  test('a disabled hook', () => {
    const error = explain('EINVAL', logs.disabledOn7_3);
    expect(error).toMatchObject({
      reason: 'kernel',
      hook: 'inode_listsecurity',
      hint: 'choose another hook',
    });
  });

  test("another reason, in the verifier's words, with the line of source", () => {
    const log = logs.nullOn6_12.replace(
      "R0 invalid mem access 'map_value_or_null'",
      'misaligned stack access',
    );
    const error = explain('EACCES', log);
    expect(error.message).toBe(
      'program "faulty_null" (hook file_open) cannot be loaded: the verifier refuses it at "*count += 1;": misaligned stack access (EACCES)',
    );
    expect(error).toMatchObject({ reason: 'input' });
    expect('hint' in error).toBe(false);
  });

  test("another reason with the verifier's own suggestion, since Linux 7.3", () => {
    const log = logs.nullOn7_3.replace("R0 invalid mem access 'map_value_or_null'", 'something new');
    const error = explain('EACCES', log);
    expect(error.message).toContain('refuses it at "*count += 1;": R0 may be NULL here');
    expect(error.hint).toMatch(/^Add a NULL check/);
  });
});

describe('a load that did not get as far is explained:', () => {
  test('no such hook', () => {
    const error = explain('ESRCH', logs.hookOn7_3);
    expect(error.message).toContain('this kernel has no LSM hook no_such_hook (ESRCH)');
    expect(error).toMatchObject({ reason: 'kernel', hint: 'hooks differ between kernel versions' });
  });

  test('no such hook, but others that are spelt nearly so', () => {
    const opened = specs.map((spec) =>
      spec.name === 'faulty_hook' ? { ...spec, section: 'lsm/file_opened' } : spec,
    );
    const cause = new BpfError('cannot load', { code: 'ESRCH', libbpfLog: logs.hookOn7_3 });
    const error = explainLoadFailure('guard', opened, cause);
    expect(error.hint).toBe('did you mean file_open or file_post_open?');
  });

  const refused = `libbpf: prog 'faulty_null': BPF program load failed: Operation not permitted
libbpf: prog 'faulty_null': failed to load: -1
libbpf: failed to load object 'faulty_null'
`;

  test('a user namespace', () => {
    vi.mocked(inInitialUserNamespace).mockReturnValue(false);
    const error = explain('EPERM', refused);
    expect(error).toMatchObject({ reason: 'permission', program: 'faulty_null' });
    expect(error.message).toContain('in a user namespace');
  });

  test('missing capabilities', () => {
    vi.mocked(missingForLsm).mockReturnValue(['CAP_PERFMON']);
    const error = explain('EPERM', refused);
    expect(error).toMatchObject({ reason: 'permission' });
    expect(error.message).toContain('this process lacks CAP_PERFMON (EPERM)');
    expect(error.hint).toContain('CAP_BPF and CAP_PERFMON');
  });

  test('a kernel that refuses although everything is there', () => {
    const error = explain('EPERM', refused);
    expect(error.reason).toBe('kernel');
    expect(error.message).toContain(
      'this kernel refuses LSM programs with EPERM although bpf is in its list of active LSMs and this process has the capabilities (EPERM)',
    );
    vi.mocked(activeLsms).mockReturnValue(undefined);
    expect(explain('EPERM', refused).message).toContain(
      'with EPERM although this process has the capabilities',
    );
  });

  test('a map that cannot be made', () => {
    const error = explain(
      'EINVAL',
      "libbpf: map 'events': failed to create: Invalid argument(-22)\nlibbpf: failed to load object 'guard'\n",
    );
    expect(error).toMatchObject({ map: 'events', reason: 'input', syscall: 'bpf(BPF_MAP_CREATE)' });
    expect(error.message).toBe(
      'map "events" cannot be loaded: the kernel refuses its type, sizes, flags or number of entries (EINVAL)',
    );
    expect('program' in error).toBe(false);
  });

  test('a data section that cannot be made is called as in the object', () => {
    const error = explain('EINVAL', "libbpf: map 'guard.bss': failed to create: Invalid argument(-22)\n");
    expect(error.map).toBe('.bss');
  });

  test('a map pinned elsewhere than on a bpffs', () => {
    const error = explain(
      'EINVAL',
      "libbpf: specified path /tmp/a b is not on BPF FS\nlibbpf: map 'events': failed to auto-pin at '/tmp/a b': -22\nlibbpf: map 'events': failed to create: Invalid argument(-22)\n",
    );
    expect(error.message).toContain('it is to be pinned to /tmp/a b, which is not on a bpffs (EINVAL)');
    expect(error.hint).toContain('mount -t bpf');
  });

  test('a pin that is taken by another map', () => {
    const error = explain(
      'EINVAL',
      "libbpf: couldn't reuse pinned map at '/sys/fs/bpf/events': parameter mismatch\nlibbpf: map 'events': failed to create: Invalid argument(-22)\n",
    );
    expect(error.message).toContain('pinned at /sys/fs/bpf/events is another one (parameter mismatch)');
  });

  test('and what nobody knows keeps its message', () => {
    const error = explain('ENOMEM', '');
    expect(error.message).toBe(
      'object "guard" cannot be loaded: cannot load the BPF object "guard": (ENOMEM)',
    );
    expect(error).toMatchObject({ code: 'ENOMEM', syscall: 'bpf_object__load' });
  });
});
