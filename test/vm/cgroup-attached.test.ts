import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AttachedList, AttachedTree, AttachOptions, BpfObject, Cgroup, Link } from '../../src/index.js';
import { bindIn } from '../support/bind-order.js';
import { useCgroupOrder } from '../support/cgroup-order.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { attachWithoutLink } from '../support/legacy.js';
import { thrown } from '../support/thrown.js';
import { untyped } from '../support/untyped.js';

/** Debian's 6.12 has it by backport. */
const hasOrder = kernelIsAtLeast(6, 12);
const BPFTOOL = '/usr/sbin/bpftool';

let object: BpfObject;
let parent: Cgroup;
let child: Cgroup;
const order = useCgroupOrder((own, loaded) => {
  parent = own;
  child = parent.createChild('child');
  object = loaded;
});
const { program } = order;
const idOf = (name: string): number => program(name).info().id;

function attach(name: string, cgroup: Cgroup, options: AttachOptions = {}): Link {
  return order.attach(name, { cgroup, ...options });
}

/** Without what runs here because others, such as a service manager, attached it further up. */
function ours(lists: readonly AttachedList[]): AttachedList[] {
  const isOurs = (owner?: Cgroup): boolean => owner?.path.startsWith(parent.path) ?? false;
  return lists
    .map((list) => ({ ...list, programs: list.programs.filter(({ owner }) => isOurs(owner)) }))
    .filter(({ programs }) => programs.length > 0);
}

/** `bind4_a`, and whose it is when it is not the cgroup's own. */
function shown(lists: readonly AttachedList[]): Record<string, string[]> {
  return Object.fromEntries(
    ours(lists).map(({ attachType, hook, cgroup, programs }) => [
      hook ?? attachType,
      programs.map(({ programName, owner }) =>
        owner === cgroup ? `${programName}` : `${programName} of ${owner?.name}`,
      ),
    ]),
  );
}

describe('what is attached to a cgroup', () => {
  test('is nothing at first', () => {
    expect(child.attached()).toEqual([]);
    expect(ours(child.attached({ effective: true }))).toEqual([]);
    expect(child.attached({ attachType: 'cgroup_inet4_bind' })).toMatchObject([{ programs: [] }]);
  });

  test('is told with all that is known of it', () => {
    const bind = attach('bind4_a', parent);
    const lsm = attach('socket_bind_a', parent);
    const [first, second, ...others] = parent.attached();
    expect(others).toEqual([]);
    expect(first).toEqual({
      cgroup: parent,
      attachType: 'lsm_cgroup',
      hook: 'socket_bind',
      programs: [
        {
          programId: idOf('socket_bind_a'),
          programName: 'socket_bind_a',
          position: 0,
          attachedBy: 'link',
          linkId: lsm.id,
          flags: ['multi'],
          owner: parent,
        },
      ],
    });
    expect(second).toEqual({
      cgroup: parent,
      attachType: 'cgroup_inet4_bind',
      ...(hasOrder && { revision: 2n }),
      programs: [
        {
          programId: idOf('bind4_a'),
          programName: 'bind4_a',
          position: 0,
          attachedBy: 'link',
          linkId: bind.id,
          flags: ['multi'],
          owner: parent,
        },
      ],
    });
  });

  test.each(['bind4', 'socket_bind'])('is counted as it comes and goes, and judges so: %s', async (hook) => {
    const key = hook === 'bind4' ? 'cgroup_inet4_bind' : hook;
    const look = async (): Promise<[number, string]> => {
      const found = shown(parent.attached())[key] ?? [];
      return [found.length, await bindIn(parent, object)];
    };
    expect(await look()).toEqual([0, '0']);
    const a = attach(`${hook}_a`, parent);
    expect(await look()).toEqual([1, '0 a']);
    const b = attach(`${hook}_b`, parent);
    expect(await look()).toEqual([2, '0 ab']);
    a.close();
    expect(await look()).toEqual([1, '0 b']);
    b.close();
    expect(await look()).toEqual([0, '0']);
  });

  test.each([
    ['bind4', 'cgroup_inet4_bind'],
    ['socket_bind', 'socket_bind'],
  ])('is told for it alone and with what it inherits, as it runs: %s', async (hook, key) => {
    attach(`${hook}_a`, parent);
    attach(`${hook}_b`, parent);
    attach(`${hook}_c`, child);
    const name = parent.name;
    expect(shown(parent.attached())).toEqual({ [key]: [`${hook}_a`, `${hook}_b`] });
    expect(shown(parent.attached({ effective: true }))).toEqual({ [key]: [`${hook}_a`, `${hook}_b`] });
    expect(shown(child.attached())).toEqual({ [key]: [`${hook}_c`] });
    expect(shown(child.attached({ effective: true }))).toEqual({
      [key]: [`${hook}_c`, `${hook}_a of ${name}`, `${hook}_b of ${name}`],
    });
    expect(await bindIn(child, object)).toBe('0 cab');
    expect(await bindIn(parent, object)).toBe('0 ab');
  });

  test.runIf(hasOrder)('is told in the order that was asked for, early ones included', async () => {
    const a = attach('socket_bind_a', parent);
    attach('socket_bind_b', parent, { order: { before: a } });
    attach('socket_bind_c', parent, { preorder: true });
    attach('socket_bind_d', child);
    const [list] = child.attached({ effective: true });
    expect(list?.programs.map(({ programName, flags, position }) => [programName, flags, position])).toEqual([
      ['socket_bind_c', ['multi', 'preorder'], 0],
      ['socket_bind_d', ['multi'], 1],
      ['socket_bind_b', ['multi'], 2],
      ['socket_bind_a', ['multi'], 3],
    ]);
    expect(await bindIn(child, object)).toBe('0 cdba');
    expect(parent.attached()[0]?.programs.map(({ programName }) => programName)).toEqual([
      'socket_bind_c',
      'socket_bind_b',
      'socket_bind_a',
    ]);
  });

  test('is told of one attach type or hook alone', async () => {
    attach('bind4_a', parent);
    attach('socket_bind_a', parent);
    expect(shown(parent.attached({ attachType: 'cgroup_inet4_bind' }))).toEqual({
      cgroup_inet4_bind: ['bind4_a'],
    });
    expect(shown(parent.attached({ hook: 'socket_bind' }))).toEqual({ socket_bind: ['socket_bind_a'] });
    expect(parent.attached({ hook: 'socket_listen' })).toEqual([]);
  });

  test('is told of a whole tree', () => {
    attach('bind4_a', parent);
    attach('socket_bind_b', child);
    child.createChild('empty');
    const sketch = ({ cgroup, lists, children }: AttachedTree): unknown => [
      cgroup.name,
      shown(lists),
      children.map(sketch),
    ];
    expect(sketch(parent.attachedTree())).toEqual([
      parent.name,
      { cgroup_inet4_bind: ['bind4_a'] },
      [['child', { socket_bind: ['socket_bind_b'] }, [['empty', {}, []]]]],
    ]);
  });

  test('cannot be told of one that is gone', async () => {
    child.remove();
    expect(await thrown(() => child.attached())).toMatchObject({ code: 'ERR_BPF_CGROUP_GONE' });
    expect(await thrown(() => child.attachedTree())).toMatchObject({ code: 'ERR_BPF_CGROUP_GONE' });
    expect(await thrown(() => child.weaknesses())).toMatchObject({ code: 'ERR_BPF_CGROUP_GONE' });
  });

  test.each([
    ['no attach type', { attachType: 'nonsense' }, 'ERR_BPF_ARGUMENT'],
    ['one that is none of cgroups', { attachType: 'xdp' }, 'ERR_BPF_NOT_SUPPORTED'],
    ['a number', { attachType: untyped<string>(5) }, 'ERR_BPF_ARGUMENT'],
    [
      'a hook of an attach type without',
      { attachType: 'cgroup_inet4_bind', hook: 'socket_bind' },
      'ERR_BPF_ARGUMENT',
    ],
  ])('is not told by %s', async (_, options, code) => {
    expect(await thrown(() => parent.attached(options))).toMatchObject({ code });
  });
});

describe('what was attached without a link', () => {
  test.each(['none', 'override', 'multi'] as const)('is told as such, and detached: %s', async (flags) => {
    expect(attachWithoutLink(program('bind4_a'), parent, flags)).toBe(0);
    expect(parent.attached()).toMatchObject([
      {
        attachType: 'cgroup_inet4_bind',
        programs: [
          { programId: idOf('bind4_a'), attachedBy: 'call', flags: flags === 'none' ? [] : [flags] },
        ],
      },
    ]);
    expect(await bindIn(child, object)).toBe('0 a');
    parent.detachProgram(idOf('bind4_a'), 'cgroup_inet4_bind');
    expect(parent.attached()).toEqual([]);
    expect(await bindIn(child, object)).toBe('0');
  });

  test('is detached from an LSM hook too, and others stay', async () => {
    expect(attachWithoutLink(program('socket_bind_a'), parent, 'multi')).toBe(0);
    attach('socket_bind_b', parent);
    expect(await bindIn(parent, object)).toBe('0 ab');
    parent.detachProgram(idOf('socket_bind_a'), 'lsm_cgroup');
    expect(await bindIn(parent, object)).toBe('0 b');
  });

  test.each([
    ['none', 'EPERM'],
    ['override', 'EPERM'],
  ] as const)('keeps links away from its cgroup: %s', async (flags, code) => {
    expect(attachWithoutLink(program('bind4_a'), parent, flags)).toBe(0);
    const error = await thrown(() => program('bind4_b').attach({ cgroup: parent }));
    expect(error).toMatchObject({ code, reason: 'permission', path: parent.path });
    parent.detachProgram(idOf('bind4_a'), 'cgroup_inet4_bind');
    attach('bind4_b', parent);
  });

  test('is not detached where it is not, nor what a link attaches', async () => {
    const link = attach('bind4_a', parent);
    const type = 'cgroup_inet4_bind';
    expect(await thrown(() => child.detachProgram(idOf('bind4_a'), type))).toMatchObject({ code: 'ENOENT' });
    expect(await thrown(() => parent.detachProgram(idOf('bind4_b'), type))).toMatchObject({ code: 'ENOENT' });
    const error = await thrown(() => parent.detachProgram(idOf('bind4_a'), type));
    expect(error).toMatchObject({
      code: 'ERR_BPF_NOT_SUPPORTED',
      hint: expect.stringContaining(`${link.id}`),
    });
    expect(await bindIn(parent, object)).toBe('0 a');
  });
});

describe.runIf(existsSync(BPFTOOL))('bpftool sees the same', () => {
  interface Row {
    cgroup?: string;
    programs?: { id: number; attach_type: string }[];
  }

  test('in a tree', () => {
    attach('bind4_a', parent);
    attach('socket_bind_a', parent);
    attach('socket_bind_b', child);
    const rows = JSON.parse(
      execFileSync(BPFTOOL, ['-j', 'cgroup', 'tree', parent.path], { encoding: 'utf8' }),
    ) as Row[];
    const theirs = rows.map(({ cgroup, programs = [] }) => [
      cgroup,
      programs.map(({ id, attach_type }) => `${attach_type} ${id}`).sort(),
    ]);
    const flat = ({ cgroup, lists, children }: AttachedTree): unknown[] => [
      [
        cgroup.path,
        lists
          .flatMap(({ attachType, programs }) =>
            programs.map(({ programId }) => `${attachType} ${programId}`),
          )
          .sort(),
      ],
      ...children.flatMap(flat),
    ];
    expect(flat(parent.attachedTree())).toEqual(theirs);
  });

  test('of what runs', () => {
    attach('socket_bind_a', parent);
    attach('socket_bind_b', child);
    const theirs = JSON.parse(
      execFileSync(BPFTOOL, ['-j', 'cgroup', 'show', child.path, 'effective'], { encoding: 'utf8' }),
    ) as { id: number }[];
    const all = child.attached({ effective: true });
    const ids = (lists: readonly AttachedList[]): number[] =>
      lists.flatMap(({ programs }) => programs.map(({ programId }) => programId));
    // The two name the kinds of programs in another order.
    expect(ids(all).sort()).toEqual(theirs.map(({ id }) => id).sort());
    const own = ids(ours(all));
    expect(own).toEqual(theirs.map(({ id }) => id).filter((id) => own.includes(id)));
    expect(own.length).toBe(2);
  });
});
