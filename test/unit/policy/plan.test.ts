import { describe, expect, test } from 'vitest';
import { EVERYTHING } from '../../../src/policy/abilities/index.js';
import { ALL_OPERATIONS, type Operation, type Policy } from '../../../src/policy/model/index.js';
import { carriersOf } from '../../../src/policy/operations/index.js';
import { type KernelFacts, plan } from '../../../src/policy/plan/index.js';
import { definePolicy, type PolicyInput, type RuleInput } from '../../../src/policy/schema/index.js';
import { parsePolicies } from '../../../src/policy/yaml/index.js';
import { recordedFacts } from '../../support/kernel-facts.js';

const LINES = ['6.1', '6.12', '7.3'] as const;
const facts = recordedFacts('7.3');

const make = (rules: readonly RuleInput[], more: Partial<PolicyInput> = {}) =>
  definePolicy({ name: 'a', scope: 'host', mode: 'enforce', rules, ...more });

const without = (...hooks: string[]): KernelFacts => ({
  ...facts,
  hooks: Object.fromEntries(Object.entries(facts.hooks).filter(([name]) => !hooks.includes(name))),
});

/** Of an engine that lacks nothing. */
const planFor = (policies: readonly Policy[], facts: KernelFacts) => plan(policies, facts, EVERYTHING);

describe('the catalogue', () => {
  const unheard: Operation[] = ['create-namespace', 'swap'];

  test.each(LINES)('has a hook that can deny for every way of every operation on %s', (line) => {
    const { hooks } = recordedFacts(line);
    for (const operation of ALL_OPERATIONS) {
      for (const { how, hooks: names, absentWithout } of carriersOf(operation).routes) {
        const there = names.filter((name) => hooks[name] === 'int');
        expect([how, there.length > 0 || absentWithout === true]).toEqual([how, true]);
      }
    }
  });

  test('names no hook that none of these kernels has', () => {
    const known = new Set(LINES.flatMap((line) => Object.keys(recordedFacts(line).hooks)));
    const named = ALL_OPERATIONS.flatMap((operation) =>
      carriersOf(operation).routes.flatMap(({ hooks }) => hooks),
    );
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  test('says what to do about what no kernel asks LSMs about, and what is not seen of all else', () => {
    for (const operation of ALL_OPERATIONS) {
      const { routes, instead, meaning } = carriersOf(operation);
      expect([operation, routes.length === 0, instead !== undefined]).toEqual([
        operation,
        unheard.includes(operation),
        unheard.includes(operation),
      ]);
      expect(meaning).toMatch(/^[A-Z].*\.$/);
    }
  });
});

describe('a plan', () => {
  test('names the hooks of each rule on each kernel', () => {
    const policy = make([
      { deny: ['truncate', 'acl'] },
      { allow: ['truncate'], objects: [{ beneath: '/tmp' }] },
    ]);
    const routes = LINES.map((line) => {
      const { policies, enforceable, hooks } = planFor([policy], recordedFacts(line));
      expect(enforceable).toBe(true);
      return {
        ofRule: policies[0]?.rules[0]?.operations.flatMap(({ routes }) => routes.map(({ hook }) => hook)),
        hooks,
      };
    });
    const since62 = ['file_truncate', 'inode_remove_acl', 'inode_set_acl', 'path_truncate'];
    expect(routes).toEqual([
      {
        ofRule: ['path_truncate', 'path_truncate', 'inode_setxattr', 'inode_removexattr'],
        hooks: ['inode_removexattr', 'inode_setxattr', 'path_truncate'],
      },
      { ofRule: ['path_truncate', 'file_truncate', 'inode_set_acl', 'inode_remove_acl'], hooks: since62 },
      { ofRule: ['path_truncate', 'file_truncate', 'inode_set_acl', 'inode_remove_acl'], hooks: since62 },
    ]);
  });

  test('needs no hooks for what is only allowed', () => {
    expect(planFor([make([{ allow: ['read', 'swap'] }])], without('file_open'))).toMatchObject({
      enforceable: true,
      hooks: [],
    });
  });

  test('refuses a rule one of whose ways this kernel has no hook for', () => {
    const policy = make([{ deny: ['read'] }, { deny: ['remove', 'read'] }]);
    const { enforceable, policies } = planFor([policy], without('path_rmdir'));
    expect(enforceable).toBe(false);
    expect(policies[0]?.rules.map(({ refusals }) => refusals)).toEqual([
      [],
      ['this kernel has no hook path_rmdir, so rmdir(2) would not be judged as remove'],
    ]);
  });

  test('refuses what the kernel keeps BPF off', () => {
    const off: KernelFacts = { ...facts, hooks: { ...facts.hooks, capable: 'disabled' } };
    expect(planFor([make([{ deny: ['capability'] }])], off).policies[0]?.rules[0]?.refusals).toEqual([
      'this kernel keeps BPF off capable, so whatever needs it would not be judged as capability',
    ]);
  });

  test('refuses what no kernel asks about, and says what to do instead', () => {
    const { policies } = planFor([make([{ deny: ['swap', 'create-namespace'] }])], facts);
    expect(policies[0]?.rules[0]?.refusals).toEqual([
      'no kernel asks LSMs about swap: deny capability CAP_SYS_ADMIN, which it takes',
      'no kernel asks LSMs about create-namespace: deny capability CAP_SYS_ADMIN, which it takes, and create-user-namespace, in which everybody has that',
    ]);
  });

  test('does without a way that a kernel does not have', () => {
    const { policies } = planFor([make([{ deny: ['ioctl'] }])], without('uring_cmd', 'file_ioctl_compat'));
    const [rule] = policies[0]?.rules ?? [];
    expect([rule?.refusals, rule?.operations[0]?.routes.map(({ hook }) => hook)]).toEqual([
      [],
      ['file_ioctl', 'file_ioctl'],
    ]);
  });

  test('covers a default that denies, but for what no kernel asks about', () => {
    const { policies, enforceable } = planFor(
      [make([], { defaults: { kernel: 'deny', network: 'deny' } })],
      facts,
    );
    expect(enforceable).toBe(true);
    expect(
      policies[0]?.defaults.map(({ class: name, unreachable, refusals }) => [name, unreachable, refusals]),
    ).toEqual([
      ['network', [], []],
      ['kernel', ['swap'], []],
    ]);
    expect(
      planFor([make([], { defaults: { kernel: 'deny' } })], without('bpf')).policies[0]?.defaults[0]
        ?.refusals,
    ).toEqual(['this kernel has no hook bpf, so bpf(2) would not be judged as bpf']);
  });

  test('knows the names that each kernel has of its own', () => {
    const policy = make([
      { deny: ['bpf'], objects: [{ command: 'BPF_TOKEN_CREATE' }] },
      { deny: ['lockdown'], objects: [{ lockdown: 'LOCKDOWN_DEV_MEN' }] },
      { deny: ['bpf'], objects: [{ programType: 'BPF_PROG_TYPE_LSMS' }] },
    ]);
    const refusals = LINES.map((line) =>
      planFor([policy], recordedFacts(line)).policies[0]?.rules.map((rule) => rule.refusals.length),
    );
    expect(refusals).toEqual([
      [1, 1, 1],
      [0, 1, 1],
      [0, 1, 1],
    ]);
    expect(planFor([policy], facts).policies[0]?.rules[1]?.refusals).toEqual([
      'this kernel has no lockdown reason LOCKDOWN_DEV_MEN; did you mean LOCKDOWN_DEV_MEM?',
    ]);
  });

  test('refuses everything when no program would be consulted, or two policies have one name', () => {
    const policy = make([{ deny: ['read'] }]);
    const inactive = 'bpf is not an active LSM: the list is apparmor; add lsm=apparmor,bpf';
    expect(planFor([policy], { ...facts, inactive })).toMatchObject({
      enforceable: false,
      refusals: [inactive],
    });
    expect(planFor([policy, policy], facts).refusals).toEqual([
      'there are several policies "a": each needs a name of its own',
    ]);
  });

  test('refuses what an engine cannot do', () => {
    const engine = {
      carries: (operation: Operation, hook: string) => operation === 'read' && hook === 'file_open',
      tells: (kind: string) => kind === 'path',
      lacks: () => [],
      needs: ['bpf_loop', 'bpf_time_travel'],
    };
    const policy = make([{ deny: ['read'], objects: [{ path: '/x' }, { setId: true }] }], {
      when: { uids: [0] },
    });
    const { refusals, policies } = plan([policy], facts, engine);
    expect(refusals).toEqual(['this kernel has no bpf_time_travel(), which the engine cannot do without']);
    expect(policies[0]?.refusals).toEqual(['the engine has no conditions on uids: take them out']);
    expect(policies[0]?.rules[0]?.refusals).toEqual([
      'the engine has no program at file_receive for read: a descriptor received over a unix socket would not be judged',
      'the engine has no program at mmap_file for read: mmap(2) of an open file would not be judged',
      'the engine cannot tell objects of the kind set-id apart',
    ]);
    expect(plan([make([{ deny: ['read'] }])], facts, EVERYTHING).enforceable).toBe(true);
  });

  test('knows the lines of what was read from a text, and is plain data', () => {
    const text = 'name: a\nscope: host\nmode: audit\nrules:\n  - deny: [read]\n  - deny: [swap]\n';
    const value = planFor(parsePolicies(text, 'a.yaml'), facts);
    expect(value.policies[0]).toMatchObject({ file: 'a.yaml', rules: [{ line: 5 }, { line: 6 }] });
    expect(JSON.parse(JSON.stringify(value))).toEqual(value);
  });
});
