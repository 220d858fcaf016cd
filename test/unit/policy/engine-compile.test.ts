import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BpfError, definePolicy, type PolicyInput } from '../../../src/index.js';
import { compile } from '../../../src/policy/engine/compile.js';
import { idWords, prefixesOf } from '../../../src/policy/engine/conditions.js';
import { filterBit } from '../../../src/policy/engine/filter.js';
import type { Identity } from '../../../src/policy/engine/identity.js';
import { mountPoints } from '../../../src/policy/engine/mount-points.js';
import type { ResolvedFile } from '../../../src/policy/engine/resolve.js';
import { RuleTable } from '../../../src/policy/engine/rule-table.js';
import { domainId, type ResolvedScope } from '../../../src/policy/engine/scope.js';
import { ALL_OPERATIONS, type Operation } from '../../../src/policy/model/index.js';

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
    constants: new Map(),
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

  test('numbers what is no file', () => {
    const { facts, names, record } = compile(
      [
        policy([
          { deny: ['capability'], objects: [{ capability: 'CAP_KILL' }] },
          { allow: ['bpf'], objects: [{ command: 'BPF_PROG_LOAD' }] },
          { deny: ['bpf'], objects: [{ command: 'BPF_PROG_LOAD' }] },
          { deny: ['signal'], objects: [{ scope: 'outside' }, { uid: 7 }] },
          { deny: ['mount'], objects: [{ fileSystem: 'tmpfs' }] },
        ]),
      ],
      { scopes: [HOST], files: new Map(), constants: new Map([['BPF_PROG_LOAD', 5]]) },
    );
    const denied = { mentions: 1n, allows: 0n };
    const numbers = (operation: Operation) => ALL_OPERATIONS.indexOf(operation);
    expect(facts).toEqual([
      [{ kind: 'FACT_CAPABILITY', value: 5n, operation: numbers('capability') }, denied],
      [{ kind: 'FACT_BPF_COMMAND', value: 5n, operation: numbers('bpf') }, denied],
      [{ kind: 'FACT_TARGET_SCOPE', value: 0n, operation: numbers('signal') }, denied],
      [{ kind: 'FACT_TARGET_UID', value: 7n, operation: numbers('signal') }, denied],
    ]);
    expect(names.map(([{ directory, piece }]) => [directory, Buffer.from(piece).toString()])).toEqual([
      [{ device: 0, inode: 0n, operation: numbers('mount') }, 'tmpfs'.padEnd(32, '\0')],
    ]);
    expect(record.operations[numbers('capability')]).toMatchObject({ relevant: 1n, specific: 1n });
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
    const mounts = [{ path: '/x/y/m', identity: MOUNT, type: 'tmpfs', whole: true }];
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
    const mounts = [{ path: '/x/m', identity: MOUNT, type: 'tmpfs', whole: true }];
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

  test('leaves what is mounted to a rule for the type of its file system, which is nearer', () => {
    const mounts = [{ path: '/x/m', identity: MOUNT, type: 'tmpfs', whole: true }];
    const at = (fileSystem: string) =>
      compiled(
        [
          policy([
            { allow: ['read'], objects: [{ beneath: '/x' }] },
            { deny: ['read'], objects: [{ fileSystem }] },
          ]),
        ],
        [file('/x', AT, mounts)],
      ).anchors.find(([key]) => key.device === MOUNT.device)?.[1].below;
    expect(at('tmpfs')).toBeUndefined();
    expect(at('ext4')).toEqual({ mentions: 1n, allows: 1n });
  });

  test('takes a part of a file system that is mounted for what denies beneath, and not for what allows', () => {
    const mounts = [{ path: '/x/m', identity: MOUNT, type: 'ext4', whole: false }];
    const objects = [{ beneath: '/x' }];
    const below = (effect: 'allow' | 'deny') =>
      compiled(
        [policy([effect === 'allow' ? { allow: ['read'], objects } : { deny: ['read'], objects }])],
        [file('/x', AT, mounts)],
      ).anchors.find(([key]) => key.device === MOUNT.device)?.[1].below;
    expect(below('allow')).toBeUndefined();
    expect(below('deny')).toEqual({ mentions: 1n, allows: 0n });
  });

  test('leaves a mount with a subtype to rules for either of its names', () => {
    const mounts = [{ path: '/x/m', identity: MOUNT, type: 'fuse.sshfs', whole: true }];
    const at = (fileSystem: string) =>
      compiled(
        [
          policy([
            { allow: ['read'], objects: [{ beneath: '/x' }] },
            { deny: ['read'], objects: [{ fileSystem }] },
          ]),
        ],
        [file('/x', AT, mounts)],
      ).anchors.find(([key]) => key.device === MOUNT.device)?.[1].below;
    expect([at('fuse'), at('fuse.sshfs')]).toEqual([undefined, undefined]);
    expect(at('fuse.other')).toEqual({ mentions: 1n, allows: 1n });
  });

  test('cuts ranges of ids into prefixes, each with all policies that it is of', () => {
    expect(prefixesOf({ from: 0, to: 4_294_967_294 })).toHaveLength(32);
    expect(prefixesOf({ from: 7, to: 7 })).toEqual([{ bits: 7, length: 32 }]);
    const words = idWords([
      policy([], { when: { uids: [{ from: 0, to: 3 }] } }),
      policy([], { name: 'other', when: { uids: [2], gids: [9] } }),
    ]);
    expect(words).toEqual([
      [{ prefixlen: 62, kind: 'ID_OF_USER', id: new Uint8Array(4) }, 1n],
      [{ prefixlen: 64, kind: 'ID_OF_USER', id: new Uint8Array([0, 0, 0, 2]) }, 3n],
      [{ prefixlen: 64, kind: 'ID_OF_GROUP', id: new Uint8Array([0, 0, 0, 9]) }, 2n],
    ]);
  });

  test('has prefixes that hold a range and nothing else', () => {
    const id = fc.integer({ min: 0, max: 4_294_967_294 });
    fc.assert(
      fc.property(id, id, (one, other) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const prefixes = prefixesOf({ from, to });
        let next = from;
        for (const { bits, length } of prefixes) {
          expect(bits).toBe(next);
          next += 2 ** (32 - length);
        }
        expect(next).toBe(to + 1);
        expect(prefixes.length).toBeLessThanOrEqual(62);
      }),
    );
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
    expect(code(() => compiled([policy([{ deny: ['swap'] }])]))).toBe('ERR_BPF_POLICY_UNSUPPORTED');
    // The default of a class leaves out what no kernel asks about, as the plan says.
    expect(code(() => compiled([policy([], { defaults: { kernel: 'deny' } })]))).toBe('none');
    const many = Array.from({ length: 65 }, (_, i) => policy([], { name: `p${i}` }));
    expect(code(() => compiled(many))).toBe('ERR_BPF_POLICY_LIMIT');
    expect(code(() => compiled(many.slice(1)))).toBe('none');
  });

  test('reads mount points as /proc writes them, and names domains by their names', () => {
    expect(
      mountPoints('36 35 98:0 / /a\\040b rw - ext4 /dev/x rw\n37 35 98:0 /d /c rw - ext4 /dev/x rw\n'),
    ).toEqual(
      new Map([
        ['/a b', { type: 'ext4', whole: true }],
        ['/c', { type: 'ext4', whole: false }],
      ]),
    );
    expect(domainId('a')).not.toBe(domainId('b'));
    expect(domainId('a')).toBe(domainId('a'));
  });
});
