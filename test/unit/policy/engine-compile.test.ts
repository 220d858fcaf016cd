import { describe, expect, test } from 'vitest';
import { BpfError, definePolicy, type PolicyInput } from '../../../src/index.js';
import { compile } from '../../../src/policy/engine/compile.js';
import { filterBit } from '../../../src/policy/engine/filter.js';
import type { Identity } from '../../../src/policy/engine/identity.js';
import { mountPoints } from '../../../src/policy/engine/mount-points.js';
import type { ResolvedFile } from '../../../src/policy/engine/resolve.js';
import { RuleTable } from '../../../src/policy/engine/rule-table.js';
import { domainId, type ResolvedScope } from '../../../src/policy/engine/scope.js';

const AT: Identity = { device: 3, inode: 5n };
const MOUNT: Identity = { device: 9, inode: 1n };
const HOST: ResolvedScope = { kind: 'host' };

function policy(rules: PolicyInput['rules'], more: Partial<PolicyInput> = {}) {
  return definePolicy({ name: 'test', scope: 'host', mode: 'enforce', rules, ...more } as PolicyInput);
}

function file(path: string, self: Identity | undefined, mounts: ResolvedFile['mounts'] = []): ResolvedFile {
  return { path, self, names: [], mounts };
}

function compiled(policies: ReturnType<typeof policy>[], files: readonly ResolvedFile[] = []) {
  return compile(policies, {
    scopes: policies.map(() => HOST),
    files: new Map(files.map((one) => [one.path, one])),
  });
}

const READ = 0;

describe('compiling policies for the engine', () => {
  test('gives each policy its bit, in the words of what it can deny', () => {
    const { record, operations } = compiled([
      policy([{ allow: ['read'] }], { name: 'harmless', mode: 'audit' }),
      policy([{ deny: ['read'] }], { name: 'strict', errno: 'EPERM', onExhaustion: 'allow' }),
    ]);
    expect(record).toMatchObject({
      host: 3n,
      enforced: 2n,
      eperm: 2n,
      lenient: 2n,
      by_cgroup: 0n,
      levels: 0,
    });
    expect(record.operations[READ]).toMatchObject({ relevant: 2n, defaults: 1n, located: 0n });
    expect(record.names.slice(0, 3)).toEqual(['harmless', 'strict', '']);
    expect(operations).toEqual(['read']);
  });

  test('lets a denial win where rules are equally near', () => {
    for (const order of [
      ['allow', 'deny'],
      ['deny', 'allow'],
    ] as const) {
      const table = new RuleTable();
      for (const effect of order) table.addAnchor(AT, READ, 'self', 4n, effect);
      expect(table.anchors[0]?.[1].self).toEqual({ mentions: 4n, allows: 0n });
    }
  });

  test('sets the bit of the filter for every directory with a rule, and few others', () => {
    const { record, anchors } = compiled(
      [policy([{ deny: ['read'], objects: [{ beneath: '/x' }] }])],
      [file('/x', AT)],
    );
    const set = record.filter.reduce(
      (count, byte) => count + (byte === 0 ? 0 : byte.toString(2).split('1').length - 1),
      0,
    );
    expect([anchors.length, set]).toEqual([1, 1]);
    const bit = filterBit({ ...AT, operation: READ });
    expect((record.filter[bit >> 3] ?? 0) & (1 << (bit & 7))).not.toBe(0);
  });

  test('gives what is mounted beneath a directory its rule, and the nearest one', () => {
    const mounts = [{ path: '/x/y/m', identity: MOUNT }];
    const { anchors } = compiled(
      [
        policy([
          { deny: ['read'], objects: [{ beneath: '/x' }] },
          { allow: ['read'], objects: [{ beneath: '/x/y' }] },
        ]),
      ],
      [file('/x', AT, mounts), file('/x/y', { device: 3, inode: 6n }, mounts)],
    );
    const at = anchors.find(([key]) => key.device === MOUNT.device);
    expect(at?.[1].below).toEqual({ mentions: 1n, allows: 1n });
  });

  test('leaves the root of a mount alone that has a rule of its own', () => {
    const mounts = [{ path: '/x/m', identity: MOUNT }];
    const { anchors } = compiled(
      [
        policy([
          { deny: ['read'], objects: [{ beneath: '/x' }] },
          { allow: ['read'], objects: [{ beneath: '/x/m' }] },
        ]),
      ],
      [file('/x', AT, mounts), file('/x/m', MOUNT)],
    );
    const at = anchors.find(([key]) => key.device === MOUNT.device);
    expect(at?.[1].below).toEqual({ mentions: 1n, allows: 1n });
  });

  test('cuts long names into pieces that lead to each other', () => {
    const table = new RuleTable();
    table.addName(AT, Buffer.from('n'.repeat(70)), READ, 'self', 1n, 'deny');
    table.addName(AT, Buffer.from('n'.repeat(64)), READ, 'self', 2n, 'deny');
    expect(table.names.map(([, { self, next }]) => [self.mentions, next])).toEqual([
      [0n, 1n],
      [2n, 2n],
      [1n, 0n],
    ]);
    expect(table.anchors[0]?.[1].child_lengths).toBe(1n << 63n);
  });

  test('refuses what the engine would leave out, and more than 64 policies', () => {
    const code = (action: () => unknown) => {
      try {
        action();
        return 'none';
      } catch (error) {
        return error instanceof BpfError ? error.code : error;
      }
    };
    expect(code(() => compiled([policy([{ deny: ['perf'] }])]))).toBe('ERR_BPF_POLICY_UNSUPPORTED');
    expect(code(() => compiled([policy([], { when: { uids: [0] } })]))).toBe('ERR_BPF_POLICY_UNSUPPORTED');
    expect(code(() => compiled([policy([], { defaults: { kernel: 'deny' } })]))).toBe(
      'ERR_BPF_POLICY_UNSUPPORTED',
    );
    const many = Array.from({ length: 65 }, (_, i) => policy([], { name: `p${i}` }));
    expect(code(() => compiled(many))).toBe('ERR_BPF_POLICY_LIMIT');
    expect(code(() => compiled(many.slice(1)))).toBe('none');
  });

  test('reads mount points as /proc writes them, and names domains by their names', () => {
    expect(mountPoints('36 35 98:0 / /a\\040b rw - ext4 /dev/x rw\n')).toEqual(['/a b']);
    expect(domainId('a')).not.toBe(domainId('b'));
    expect(domainId('a')).toBe(domainId('a'));
  });
});
