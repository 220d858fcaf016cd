import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { Btf } from '../../src/btf/index.js';
import { BpfObject, hook, hooks, type LsmHook } from '../../src/index.js';
import { probeHook } from '../../src/object/hook-probe.js';
import { hookTable } from '../../src/object/hook-table.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { fixture } from '../support/objects.js';
import { asOrdinaryUser } from '../support/ordinary-user.js';
import { thrown } from '../support/thrown.js';

const line = kernelIsAtLeast(7, 3) ? '7.3' : kernelIsAtLeast(6, 12) ? '6.12' : '6.1';
const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let all: LsmHook[];
beforeAll(async () => {
  all = await hooks();
});

const named = (holds: (hook: LsmHook) => boolean): string[] => all.filter(holds).map(({ name }) => name);

describe('the hook catalogue', () => {
  test('lists every bpf_lsm_ function of the BTF that the verifier takes for a hook, and no other', () => {
    const btf = Btf.parse(readFileSync('/sys/kernel/btf/vmlinux'));
    const functions: [string, number][] = [];
    for (let id = 1; id <= btf.types; id++) {
      const name = btf.kindOf(id) === 'func' ? btf.bareNameOf(id) : '';
      if (name.startsWith('bpf_lsm_')) functions.push([name.slice('bpf_lsm_'.length), id]);
    }
    const others = functions
      .filter(([, id]) => probeHook(id, []).outcome === 'no-hook')
      .map(([name]) => name);
    expect(others.sort()).toEqual(
      {
        '6.1': ['find_cgroup_shim', 'func_proto', 'init', 'is_sleepable_hook', 'verify_prog'],
        '6.12': [
          ...[
            'find_cgroup_shim',
            'func_proto',
            'get_retval_range',
            'init',
            'is_sleepable_hook',
            'is_trusted',
          ],
          'verify_prog',
        ],
        '7.3': [
          ...['find_cgroup_shim', 'func_proto', 'get_retval_range', 'has_d_inode_locked'],
          ...['hook_returns_errno', 'init', 'is_sleepable_hook', 'is_trusted', 'verify_prog'],
        ],
      }[line],
    );
    const names = functions.map(([name]) => name).filter((name) => !others.includes(name));
    expect(all.map(({ name }) => name)).toEqual([...new Set(names)].sort());
    expect(all.every(({ source }) => source === 'probe')).toBe(true);
  });

  test('counts as many of each sort as the source of this line of kernels has', () => {
    const counts = {
      hooks: all.length,
      disabled: named(({ disabled }) => disabled === true).length,
      sleepable: named(({ sleepable }) => sleepable === true).length,
      cgroup: named(({ cgroup }) => cgroup === true).length,
      bool: named(({ returns }) => returns === 'bool').length,
    };
    // inode_need_killpriv is in the kernel's set of sleepable hooks, and disabled.
    expect(counts).toEqual(
      {
        '6.1': { hooks: 243, disabled: 11, sleepable: 70, cgroup: 232, bool: 2 },
        '6.12': { hooks: 269, disabled: 12, sleepable: 83, cgroup: 257, bool: 3 },
        '7.3': { hooks: 275, disabled: 13, sleepable: 85, cgroup: 262, bool: 3 },
      }[line],
    );
  });

  test('agrees with the table that stands in for it without privilege', () => {
    const table = hookTable();
    expect(table).toBeDefined();
    const inUse = (names: Iterable<string> = []) =>
      [...names].filter((name) => all.some((hook) => hook.name === name && !hook.disabled)).sort();
    expect(named(({ disabled }) => disabled === true)).toEqual([...(table?.disabled ?? [])].sort());
    expect(named(({ sleepable }) => sleepable === true)).toEqual(inUse(table?.sleepable));
    const untrusted = named(({ parameters }) => parameters.some(({ trusted }) => trusted === false));
    expect(untrusted).toEqual(inUse(table?.untrusted));
    const ranges = all.flatMap(({ returns, returnRange }) =>
      returns === 'void' || returnRange === undefined ? [] : [[returns, returnRange]],
    );
    const enforced = { int: [-4095, 0], bool: [0, 1] };
    expect(ranges.length).toBeGreaterThan(150);
    for (const [returns, range] of ranges) {
      expect(range).toEqual(table?.enforcesRange ? enforced[returns as 'int' | 'bool'] : null);
    }
  });

  test('flags disabled hooks, and the kernel refuses a program for one', async () => {
    expect(hook('inode_listsecurity')).toMatchObject({ disabled: true, sleepable: false, cgroup: false });
    expect(await thrown(() => BpfObject.open(fixture('faulty_disabled')).load())).toMatchObject({
      hook: 'inode_listsecurity',
      code: 'EINVAL',
    });
    expect(hook('file_open').disabled).toBe(false);
  });

  test.each([
    'file_open',
    'bprm_committed_creds',
    'inode_rename',
    'socket_connect',
    'path_unlink',
    'file_permission',
    'task_kill',
    'ptrace_access_check',
  ])('knows whether %s may sleep', async (name) => {
    const open = BpfObject.open(fixture('may_sleep'));
    const program = open.programs[`try_${name}`];
    if (!program) throw new Error(`no program for ${name}`);
    program.autoload = true;
    const taken = await open.load().then(
      (object) => {
        object.close();
        return true;
      },
      () => false,
    );
    expect(hook(name).sleepable).toBe(taken);
    const since612 = ['path_unlink'].includes(name) && kernelIsAtLeast(6, 12);
    expect(taken).toBe(
      since612 || ['file_open', 'bprm_committed_creds', 'inode_rename', 'socket_connect'].includes(name),
    );
  });

  test('describes a hook as this kernel has it', () => {
    const trusted = kernelIsAtLeast(6, 12) ? { trusted: true } : {};
    expect(hook('mmap_file')).toEqual({
      name: 'mmap_file',
      prototype:
        'int mmap_file(struct file *file, long unsigned int reqprot, long unsigned int prot, long unsigned int flags)'.replace(
          'struct file *file',
          // kernel/bpf/bpf_lsm_proto.c names the argument so that the verifier demands a check.
          `struct file *file${kernelIsAtLeast(7, 3) ? '__nullable' : ''}`,
        ),
      parameters: [
        {
          name: kernelIsAtLeast(7, 3) ? 'file__nullable' : 'file',
          type: 'struct file *',
          ...trusted,
          nullable: kernelIsAtLeast(7, 3),
        },
        { name: 'reqprot', type: 'long unsigned int' },
        { name: 'prot', type: 'long unsigned int' },
        { name: 'flags', type: 'long unsigned int' },
      ],
      returns: 'int',
      btfId: expect.any(Number),
      source: 'probe',
      disabled: false,
      sleepable: true,
      cgroup: true,
      returnRange: kernelIsAtLeast(6, 12) ? [-4095, 0] : null,
      defaultValue: 0,
    });
    expect(hook('task_free')).toMatchObject({ returns: 'void', returnRange: null, sleepable: false });
    expect(hook('task_free').defaultValue).toBeUndefined();
    expect(hook('task_prctl').defaultValue).toBe(-38);
  });

  test('names the nearest hooks for a wrong name', async () => {
    expect(await thrown(() => hook('file_opne'))).toMatchObject({
      code: 'ERR_BPF_UNKNOWN_NAME',
      reason: 'kernel',
      hook: 'file_opne',
      hint: expect.stringContaining('file_open'),
    });
    expect(await thrown(() => hook('verify_prog'))).toMatchObject({ code: 'ERR_BPF_UNKNOWN_NAME' });
  });
});

test('without privilege, bpf-lsm hooks falls back on the table, and says so', { timeout: 240_000 }, () => {
  const [program = '', ...args] = [
    ...asOrdinaryUser(),
    process.execPath,
    command,
    'hooks',
    'file_open',
    '--json',
  ];
  const { stdout, status } = spawnSync(program, args, { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ source: 'table', sleepable: true, disabled: false });
});
