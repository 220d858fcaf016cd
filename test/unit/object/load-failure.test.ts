import { release } from 'node:os';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { BpfError } from '../../../src/errors.js';
import type { NativeMapSpec, NativeProgramSpec } from '../../../src/native.js';
import { activeLsms, bpfIsActive } from '../../../src/object/consulted.js';
import { EXPLAINERS, explainLoadFailure } from '../../../src/object/load-failure/explain.js';
import { type Declared, dissect } from '../../../src/object/load-failure/failure.js';
import { lockdownState } from '../../../src/object/lockdown.js';
import { heldCapabilities, inInitialUserNamespace } from '../../../src/object/privileges.js';
import { type Expected, refusals } from '../../support/refusals.js';
import { kernels, type Refusal, refusalsBy } from './load-failure-logs.js';

const MAP_TYPES = new Map([
  ['BPF_MAP_TYPE_HASH', 1],
  ['BPF_MAP_TYPE_RINGBUF', 27],
  ['BPF_MAP_TYPE_INODE_STORAGE', 28],
]);

vi.mock('../../../src/object/kernel-hooks.js', () => ({
  hookPrototype: (hook: string) => `int ${hook}(struct file *file)`,
  similarHooks: (wrong: string) => (wrong === 'file_opened' ? ['file_open', 'file_post_open'] : []),
  kernelBtf: () => ({ find: (name: string) => (name === 'file' ? 7 : undefined) }),
}));
vi.mock('../../../src/object/kernel-types.js', () => ({
  kernelPrototype: (name: string) => `void ${name}(struct bpf_key *bkey)`,
  kernelEnum: () => MAP_TYPES,
}));
vi.mock('../../../src/object/hook-facts.js', () => ({
  hookFacts: (hook: string) => ({ sleepable: hook === 'unheard_of' ? undefined : hook !== 'file_mprotect' }),
}));
vi.mock('../../../src/object/consulted.js', () => ({ activeLsms: vi.fn(), bpfIsActive: vi.fn() }));
vi.mock('../../../src/object/lockdown.js', () => ({ lockdownState: vi.fn() }));
vi.mock('../../../src/object/privileges.js', async (original) => {
  const { capabilitiesFor, missingCapabilities } =
    await original<typeof import('../../../src/object/privileges.js')>();
  const held = vi.fn<() => Set<string>>();
  return {
    capabilitiesFor,
    missingCapabilities: (needed: string[]) => missingCapabilities(needed as never, held() as never),
    heldCapabilities: held,
    inInitialUserNamespace: vi.fn(),
  };
});
vi.mock('node:os', async (original) => {
  const os = await original<typeof import('node:os')>();
  return { ...os, release: vi.fn(os.release) };
});
vi.mock('../../../src/native.js', () => ({ native: () => ({ libbpfVersion: () => '1.1' }) }));

beforeEach(() => {
  vi.mocked(activeLsms).mockReturnValue(['capability', 'bpf']);
  vi.mocked(bpfIsActive).mockReturnValue({ verdict: 'yes', reason: 'bpf is an active LSM' });
  vi.mocked(inInitialUserNamespace).mockReturnValue(true);
  vi.mocked(heldCapabilities).mockReturnValue(new Set(['CAP_BPF', 'CAP_PERFMON', 'CAP_NET_ADMIN']));
  vi.mocked(lockdownState).mockReturnValue('none');
});

/** The explainers that explained something. */
const used = new Set<string>();

function explain(declared: Declared, error: BpfError): BpfError {
  const failure = dissect(declared, error);
  const explainer = EXPLAINERS.find((candidate) => candidate(failure) !== undefined);
  if (explainer) used.add(explainer.name);
  return explainLoadFailure(declared, error);
}

function explainLogged(name: string, { code, errno, programs, maps, log }: Refusal): BpfError {
  const cause = new BpfError(`cannot load the BPF object "${name}": (${code})`, {
    code,
    errno,
    syscall: 'bpf_object__load',
    libbpfLog: log.join('\n'),
  });
  return explain({ name, programs, maps }, cause);
}

const refused = kernels.flatMap((kernel) =>
  Object.entries(refusalsBy(kernel)).map(([name, logged]) => [name, kernel, logged] as const),
);

describe('what a kernel refused is explained, with the reason and what to do:', () => {
  test.each(refused)('%s on Linux %s', (name, kernel, logged) => {
    const expected = refusals(kernel)[name];
    if (!expected) throw new Error(`nothing is expected of ${name}`);
    const [reason, why, hint] = expected;
    const error = explainLogged(name, logged);
    expect(error.message).toMatch(why);
    expect(error.message).toMatch(/^(program|map|object) ".+" (\(hook \w+\) )?cannot be loaded: /);
    expect(error.message).toContain(` (${logged.code}); ${error.hint}`);
    expect(error.hint).toMatch(hint);
    expect(error).toMatchObject({ code: logged.code, errno: logged.errno, reason });
    expect(error.message.length).toBeLessThan(500);
    expect(error.cause).toBeInstanceOf(BpfError);
  });

  test('a kfunc that is declared otherwise, whatever libbpf calls the kernel', () => {
    const logged = refusalsBy('7.3').faulty_kfunc_prototype as Refusal;
    const log = logged.log.map((line) =>
      line.replace('incompatible with kernel', 'incompatible with vmlinux'),
    );
    expect(log).not.toEqual(logged.log);
    const { message } = explainLogged('faulty_kfunc_prototype', { ...logged, log });
    expect(message).toMatch(/declares the kfunc bpf_key_put otherwise/);
  });

  test('and where it was the verifier, with what it said', () => {
    for (const [name, kernel, logged] of refused) {
      const error = explainLogged(name, logged);
      expect('verifier' in error, `${name} on ${kernel}`).toBe('verifierLog' in error);
      if (!error.verifier) continue;
      expect(error.verifierLog).toContain('processed ');
      expect(error.verifierLog).not.toContain('-- BEGIN');
      expect(error.verifier.reason).not.toBe('');
      expect(error).toMatchObject({ syscall: 'bpf(BPF_PROG_LOAD)', program: name });
      const { source } = error.verifier;
      if (source) expect(source.text).not.toMatch(/^;|@ \S+:\d+$|\.\.\.$/);
      if (source && kernel !== '6.1') {
        expect(source.file).toMatch(/^(faulty_\w+\.bpf\.c|verdict\.h)$/);
        expect(source.line).toBeGreaterThan(0);
      }
    }
  });
});

const lsm: NativeProgramSpec = {
  name: 'guard',
  section: 'lsm/file_open',
  type: 'lsm',
  attachType: 27,
  autoload: true,
};
const events: NativeMapSpec = {
  name: 'events',
  type: 'hash',
  keySize: 4,
  valueSize: 8,
  maxEntries: 1,
  flags: 0,
  keyTypeId: 0,
  valueTypeId: 0,
  internal: false,
  pinPath: '',
  numaNode: 0,
  autocreate: true,
};

function explainSaid(
  code: string,
  libbpfLog: string,
  { programs = [lsm], maps = [events] }: Partial<Declared> = {},
): BpfError {
  const cause = new BpfError(`cannot load the BPF object "object": (${code})`, {
    code,
    errno: -1,
    syscall: 'bpf_object__load',
    libbpfLog,
  });
  return explain({ name: 'object', programs, maps }, cause);
}

/** What libbpf says of a program that the verifier refuses in these words. */
function verifierSays(words: string): string {
  return `libbpf: prog 'guard': BPF program load failed: Invalid argument
libbpf: prog 'guard': -- BEGIN PROG LOAD LOG --
; return path(file); @ guard.bpf.c:30
15: (85) call bpf_d_path#147
${words}
processed 16 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'guard': failed to load: -22
`;
}

const refusedOutright = `libbpf: prog 'guard': BPF program load failed: Operation not permitted
libbpf: prog 'guard': failed to load: -1
`;
const mapRefused = "libbpf: map 'events': failed to create: Invalid argument(-22)\n";

describe('what the fixtures cannot bring about on these kernels is explained:', () => {
  test.each<[what: string, code: string, words: string, ...Expected]>([
    [
      'no compiler for a kernel function',
      'ENOTSUPP',
      'JIT is required for calling kernel function',
      ...(['kernel', /compiled to machine code/, /bpf_jit_enable=1/] as const),
    ],
    [
      'a helper that is kept to other hooks',
      'EINVAL',
      '15: (85) call bpf_ima_inode_hash#161\nhelper call is not allowed in probe',
      ...([
        'kernel',
        /bpf_ima_inode_hash\(\) cannot be called on the hook file_open/,
        /another one/,
      ] as const),
    ],
    [
      'a helper for maps of another type',
      'EINVAL',
      'cannot pass map_type 1 into func bpf_ringbuf_output#130',
      ...(['input', /bpf_ringbuf_output does not work on maps of that type/, /helper made for/] as const),
    ],
    [
      'a helper of Linux 6.2',
      'EINVAL',
      'invalid func unknown#210',
      ...(['kernel', /has no helper bpf_cgrp_storage_get \(Linux 6\.2\)/, /bpf_func_id/] as const),
    ],
    [
      'a kfunc, named by libbpf 1.3',
      'EINVAL',
      "<invalid kfunc call>\nkfunc 'bpf_path_d_path' is referenced but wasn't resolved",
      ...(['kernel', /has no kfunc bpf_path_d_path/, /^Linux 6\.12 has it/] as const),
    ],
    [
      'a kfunc that may sleep',
      'EACCES',
      'program must be sleepable to call sleepable kfunc bpf_get_file_xattr',
      ...(['input', /calls bpf_get_file_xattr, which may sleep/, /lsm\.s\/file_open/] as const),
    ],
    [
      'a field whose name libbpf does not tell',
      'EINVAL',
      'invalid func unknown#195896080',
      ...(['kernel', /uses a field or type that this kernel does not have/, /field_exists/] as const),
    ],
  ])('%s', (_what, code, words, reason, why, hint) => {
    const error = explainSaid(code, verifierSays(words));
    expect(error.message).toMatch(why);
    expect(error.hint).toMatch(hint);
    expect(error).toMatchObject({ code, reason, program: 'guard', hook: 'file_open' });
  });

  test('no BTF of the kernel', () => {
    const error = explainSaid('ESRCH', 'libbpf: Error loading vmlinux BTF: -3\n');
    expect(error.message).toContain(
      'object "object" cannot be loaded: this kernel does not describe its types',
    );
    expect(error).toMatchObject({ reason: 'kernel', hint: expect.stringContaining('CONFIG_DEBUG_INFO_BTF') });
  });

  test('lockdown, naming the helper, and only while it is locked down', () => {
    const words = 'program of this type cannot use helper bpf_probe_read_kernel#113';
    vi.mocked(lockdownState).mockReturnValue('confidentiality');
    const error = explainSaid('EINVAL', verifierSays(words));
    expect(error).toMatchObject({ reason: 'permission', hint: expect.stringContaining('typed pointers') });
    expect(error.message).toContain(
      'locked down (confidentiality), which takes the helper bpf_probe_read_kernel',
    );
    vi.mocked(lockdownState).mockReturnValue('integrity');
    expect(explainSaid('EINVAL', verifierSays(words)).reason).toBe('kernel');
  });

  test('more instructions than there may be', () => {
    const log = "libbpf: prog 'guard': BPF program load failed: Argument list too long\n";
    const error = explainSaid('E2BIG', log);
    expect(error).toMatchObject({ reason: 'input', hint: expect.stringContaining('tail calls') });
  });

  test('no kernel configuration to be read', () => {
    const error = explainSaid('ENOENT', 'libbpf: failed to open system Kconfig\n');
    expect(error).toMatchObject({ reason: 'kernel', hint: expect.stringContaining('{ kconfig: text }') });
  });

  test('another reason, in the words of the verifier, with the line of source', () => {
    const error = explainSaid('EACCES', verifierSays('something new'));
    expect(error.message).toBe(
      'program "guard" (hook file_open) cannot be loaded: the verifier refuses it at "return path(file);": something new (EACCES)',
    );
    expect(error).toMatchObject({
      reason: 'input',
      verifier: {
        format: 'classic',
        reason: 'something new',
        instruction: { index: 15, text: '(85) call bpf_d_path#147' },
        source: { text: 'return path(file);', file: 'guard.bpf.c', line: 30 },
      },
    });
    expect('hint' in error).toBe(false);
  });

  test("words in the program's source are no words of the verifier's", () => {
    const log = verifierSays('something new').replace('return path(file);', '/* only read is supported */');
    expect(explainSaid('EACCES', log).message).toContain('something new');
  });

  test('no such hook, but others that are spelt nearly so', () => {
    const error = explainSaid(
      'ESRCH',
      "libbpf: prog 'guard': failed to find kernel BTF type ID of 'x': -3\n",
      {
        programs: [{ ...lsm, section: 'lsm/file_opened' }],
      },
    );
    expect(error.hint).toBe('did you mean file_open or file_post_open?');
  });
});

describe('a lack of privilege is explained:', () => {
  test('a user namespace', () => {
    vi.mocked(inInitialUserNamespace).mockReturnValue(false);
    const error = explainSaid('EPERM', refusedOutright);
    expect(error).toMatchObject({ reason: 'permission', program: 'guard' });
    expect(error.message).toContain('in a user namespace');
  });

  test('missing capabilities, by the type of the program', () => {
    vi.mocked(heldCapabilities).mockReturnValue(new Set(['CAP_BPF']));
    const error = explainSaid('EPERM', refusedOutright);
    expect(error).toMatchObject({ reason: 'permission' });
    expect(error.message).toContain('this process lacks CAP_PERFMON (EPERM)');
    expect(error.hint).toContain('give it CAP_BPF and CAP_PERFMON (setcap cap_bpf,cap_perfmon+ep');
    const connect = { ...lsm, section: 'cgroup/connect4', type: 'cgroup_sock_addr' };
    const refusedToConnect = explainSaid('EPERM', refusedOutright, { programs: [connect] });
    expect(refusedToConnect.message).toContain('this process lacks CAP_NET_ADMIN (EPERM)');
  });

  test('CAP_SYS_ADMIN stands for all of them', () => {
    vi.mocked(heldCapabilities).mockReturnValue(new Set(['CAP_SYS_ADMIN']));
    expect(explainSaid('EPERM', refusedOutright).reason).toBe('kernel');
  });

  test('the limit of locked memory, on kernels that count it', () => {
    vi.mocked(release).mockReturnValue('5.10.0');
    const log =
      "libbpf: permission error while running as root; try raising 'ulimit -l'? current value: 64.0 KiB\n";
    const error = explainSaid('EPERM', log);
    expect(error).toMatchObject({
      reason: 'permission',
      hint: expect.stringContaining('ulimit -l unlimited'),
    });
    expect(error.message).toContain('RLIMIT_MEMLOCK, which is 64.0 KiB');
    vi.mocked(release).mockReturnValue('6.1.0');
    expect(explainSaid('EPERM', log).message).not.toContain('RLIMIT_MEMLOCK');
  });

  test('a kernel that refuses although everything is there', () => {
    const error = explainSaid('EPERM', refusedOutright);
    expect(error.reason).toBe('kernel');
    expect(error.message).toContain(
      'this kernel refuses LSM programs with EPERM although bpf is in its list of active LSMs and this process has the capabilities (EPERM)',
    );
    vi.mocked(activeLsms).mockReturnValue(undefined);
    expect(explainSaid('EPERM', refusedOutright).message).toContain(
      'with EPERM although this process has the capabilities',
    );
  });
});

describe('a map that cannot be made is explained:', () => {
  test('by how it is declared', () => {
    const error = explainSaid('EINVAL', mapRefused);
    expect(error).toMatchObject({ map: 'events', reason: 'input', syscall: 'bpf(BPF_MAP_CREATE)' });
    expect(error.message).toBe(
      'map "events" cannot be loaded: the kernel refuses its type, sizes, flags or number of entries (EINVAL); it is declared as hash with key_size 4, value_size 8, max_entries 1, map_flags 0',
    );
    expect('program' in error).toBe(false);
  });

  test('a data section is called as in the object', () => {
    const log = "libbpf: map 'guard.bss': failed to create: Invalid argument(-22)\n";
    expect(explainSaid('EINVAL', log, { maps: [{ ...events, name: '.bss' }] }).map).toBe('.bss');
  });

  test('no room', () => {
    const error = explainSaid('ENOMEM', mapRefused, { maps: [{ ...events, maxEntries: 1 << 31 }] });
    expect(error).toMatchObject({ reason: 'input', hint: expect.stringContaining('maxEntries') });
  });

  test('storage for inodes where bpf is no active LSM', () => {
    vi.mocked(bpfIsActive).mockReturnValue({ verdict: 'no', reason: 'it is not', fix: 'lsm=bpf' });
    const error = explainSaid('EOPNOTSUPP', mapRefused, { maps: [{ ...events, type: 'inode_storage' }] });
    expect(error).toMatchObject({ reason: 'kernel', hint: 'lsm=bpf' });
  });

  test('pinned elsewhere than on a bpffs', () => {
    const error = explainSaid(
      'EINVAL',
      `libbpf: specified path /tmp/a b is not on BPF FS\nlibbpf: map 'events': failed to auto-pin at '/tmp/a b': -22\n${mapRefused}`,
    );
    expect(error.message).toContain('it is to be pinned to /tmp/a b, which is not on a bpffs (EINVAL)');
    expect(error.hint).toContain('mount -t bpf');
  });

  test('a pin that is taken by another map', () => {
    const error = explainSaid(
      'EINVAL',
      `libbpf: couldn't reuse pinned map at '/sys/fs/bpf/events': parameter mismatch\n${mapRefused}`,
    );
    expect(error.message).toContain('pinned at /sys/fs/bpf/events is another one (parameter mismatch)');
  });
});

describe('what nobody knows', () => {
  test('keeps its message', () => {
    const error = explainSaid('ENOMEM', '');
    expect(error.message).toBe(
      'object "object" cannot be loaded: cannot load the BPF object "object": (ENOMEM)',
    );
    expect(error).toMatchObject({ code: 'ENOMEM', syscall: 'bpf_object__load' });
  });

  test('is the kernel that cannot, when it says errno 524', () => {
    expect(explainSaid('ENOTSUPP', '')).toMatchObject({
      reason: 'kernel',
      message: expect.stringContaining('this kernel cannot do that (ENOTSUPP)'),
    });
  });
});

test('there is no explainer that none of this needs', () => {
  expect(EXPLAINERS.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
});
