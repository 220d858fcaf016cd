import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ALL_OPERATIONS,
  classOf,
  OPERATIONS,
  type Target,
  targetOf,
} from '../../../src/policy/model/index.js';
import { OBJECT_KEYS } from '../../../src/policy/schema/grammar.js';
import {
  definePolicy,
  PolicyError,
  type PolicyInput,
  problemText,
  validatePolicy,
  writtenPolicy,
} from '../../../src/policy/schema/index.js';
import { policyInput } from '../../support/policies.js';

const about = { name: 'a', scope: 'host', mode: 'audit' } as const;

/** What is wrong with a rule, or with several. */
function problemsOf(...rules: unknown[]): string[] {
  const result = validatePolicy({ ...about, rules });
  return 'problems' in result ? result.problems.map(problemText) : [];
}

describe('definePolicy', () => {
  test('fills in what was left out', () => {
    expect(definePolicy({ ...about, rules: [{ deny: ['connect'], objects: [{ port: 25 }] }] })).toEqual({
      name: 'a',
      description: null,
      scope: { kind: 'host' },
      conditions: { executables: null, uids: null, gids: null },
      mode: 'audit',
      errno: 'EACCES',
      onExhaustion: 'deny',
      defaults: { files: 'allow', processes: 'allow', memory: 'allow', network: 'allow', kernel: 'allow' },
      rules: [
        {
          target: 'address',
          effect: 'deny',
          operations: ['connect'],
          objects: [{ kind: 'port', ports: { from: 25, to: 25 }, transport: null }],
          reason: null,
        },
      ],
    });
  });

  test('makes one of what is written differently and means the same', () => {
    const objects = ['10.1.2.3', '10.1.2.3/32'].map((address) => ({ address }));
    const [first, second] =
      definePolicy({ ...about, rules: [{ deny: ['connect'], objects }] }).rules[0]?.objects ?? [];
    expect(first).toEqual(second);
    const v6 = ['2001:DB8:0:0::1', '2001:db8::1', '2001:db8:0:0:0:0:0:1/128'].map((address) => ({ address }));
    const made =
      definePolicy({ ...about, rules: [{ deny: ['connect'], objects: v6 }] }).rules[0]?.objects ?? [];
    expect(new Set(made.map((object) => JSON.stringify(object))).size).toBe(1);
  });

  test('makes the same policy of what it made, written down', () => {
    fc.assert(
      fc.property(policyInput, (input) => {
        const policy = definePolicy(input);
        expect(definePolicy(writtenPolicy(policy))).toEqual(policy);
      }),
      { numRuns: 300 },
    );
  });

  test('returns what nobody can change', () => {
    const policy = definePolicy({ ...about, rules: [{ deny: ['read'] }] });
    expect(() => Object.assign(policy.rules[0] ?? {}, { effect: 'allow' })).toThrow(TypeError);
  });

  test('throws all that is wrong, as data and as text', () => {
    const wrong = { ...about, name: 'web server', mode: 'on', rules: [] } as unknown as PolicyInput;
    const error = (() => {
      try {
        return definePolicy(wrong);
      } catch (error) {
        return error;
      }
    })() as PolicyError;
    expect(error).toBeInstanceOf(PolicyError);
    expect(error.problems.map(({ path }) => path)).toEqual([['name'], ['mode']]);
    expect(error.message).toBe(
      `the policy "web server" is not valid, for 2 reasons:
  name: it has to be a lower-case letter, then lower-case letters, digits and -, at most 63
  mode: it has to be audit or enforce, and is "on"`,
    );
  });
});

describe('what is wrong is told by what was most likely meant', () => {
  test.each<[string, unknown, string[]]>([
    [
      'an operation that there is not',
      { deny: ['raed'] },
      ['rules[0].deny[0]: there is no operation "raed"; did you mean read?'],
    ],
    [
      'objects of another sort',
      { deny: ['read'], objects: [{ address: '10.0.0.0/8' }] },
      [
        'rules[0].objects[0].address: address does not tell files apart, on which read acts: there is path, beneath, name, setId, owner and fileSystem',
      ],
    ],
    [
      'operations on different objects',
      { deny: ['read', 'connect'], objects: [{ path: '/x' }] },
      [
        'rules[0].objects: the operations act on different objects (read on files and connect on addresses): give each sort a rule of its own, or leave objects out',
      ],
    ],
    [
      'objects of an operation without',
      { deny: ['kexec'], objects: [{ path: '/x' }] },
      ['rules[0].objects: kexec acts on no objects: leave objects out, or give kexec a rule of its own'],
    ],
    [
      'a misspelt key',
      { dney: ['read'] },
      ['rules[0].dney: there is no key "dney" here; did you mean deny?'],
    ],
    [
      'no effect',
      { objects: [{ path: '/x' }] },
      ['rules[0]: it has no deny: name operations, with deny: [...] or allow: [...]'],
    ],
    [
      'both effects',
      { deny: ['read'], allow: ['write'] },
      ['rules[0].allow: a rule either denies or allows: give allow a rule of its own'],
    ],
    [
      'two objects in one',
      { deny: ['read'], objects: [{ path: '/x', beneath: '/y' }] },
      ['rules[0].objects[0].beneath: beneath cannot stand beside path: give it an object of its own'],
    ],
    [
      'an object that is none',
      { deny: ['socket'], objects: [{}] },
      ['rules[0].objects[0]: it names nothing: give it family, type or protocol'],
    ],
    [
      'a port that is a word',
      { deny: ['connect'], objects: [{ port: 'http' }] },
      [
        'rules[0].objects[0].port: it has to be a whole number, or { from: NUMBER, to: NUMBER }, and is "http"',
      ],
    ],
    [
      'a mapped address',
      { deny: ['connect'], objects: [{ address: '::ffff:a00:1' }] },
      [
        'rules[0].objects[0].address: write the IPv4 address itself: IPv4-mapped IPv6 addresses are judged as IPv4',
      ],
    ],
    ['a list that is none', { deny: 'read' }, ['rules[0].deny: it has to be a list, and is "read"']],
    [
      'the same twice',
      { deny: ['read', 'read'] },
      ['rules[0].deny: it names an operation twice: name it once'],
    ],
    [
      'an id beyond all ids',
      { deny: ['read'], objects: [{ owner: 2 ** 32 }] },
      ['rules[0].objects[0].owner: it has to be an id, from 0 to 4294967294'],
    ],
    [
      'a path of half a character',
      { deny: ['read'], objects: [{ path: '/\ud800' }] },
      ['rules[0].objects[0].path: it holds half a surrogate pair, which no path can hold'],
    ],
    [
      'a name of too many bytes',
      { deny: ['read'], objects: [{ name: 'ü'.repeat(128) }] },
      ['rules[0].objects[0].name: it is longer than 255 bytes in UTF-8'],
    ],
  ])('%s', (_, rule, problems) => {
    expect(problemsOf(rule)).toEqual(problems);
  });

  test('each of many', () => {
    const objects = [{ address: '10.0.0.0/8' }, { benath: '/x' }, { path: 3 }, 'x', { owner: 1.5 }];
    expect(problemsOf({ deny: ['read'], objects }).map((line) => line.replace(/: .*/, ''))).toEqual([
      'rules[0].objects[0].address',
      'rules[0].objects[1].benath',
      'rules[0].objects[2].path',
      'rules[0].objects[3]',
      'rules[0].objects[4].owner',
    ]);
  });
});

describe('operations', () => {
  test('are each of one class and of one sort of objects', () => {
    const listed = Object.values(OPERATIONS).flatMap((ofClass) => Object.keys(ofClass));
    expect(ALL_OPERATIONS).toEqual(listed);
    expect(new Set(listed).size).toBe(listed.length);
    // The engine has one bit for each.
    expect(listed.length).toBeLessThanOrEqual(64);
    expect([classOf('load-module'), targetOf('load-module'), classOf('exec'), targetOf('exec')]).toEqual([
      'kernel',
      'nothing',
      'files',
      'file',
    ]);
  });

  test('take the keys that messages name for their objects, and no others', () => {
    const values: Record<string, unknown> = {
      path: '/x',
      beneath: '/x',
      name: 'x',
      setId: true,
      owner: 0,
      fileSystem: 'tmpfs',
      executable: '/x',
      uid: 0,
      scope: 'inside',
      capability: 'CAP_BPF',
      family: 'AF_INET',
      type: 'SOCK_RAW',
      protocol: 'IPPROTO_TCP',
      address: '::1',
      port: 1,
      unix: '/x',
      unixBeneath: '/x',
      unixAbstract: 'x',
      command: 'BPF_PROG_LOAD',
      programType: 'BPF_PROG_TYPE_LSM',
      lockdown: 'LOCKDOWN_KEXEC',
      transport: 'tcp',
    };
    for (const operation of ALL_OPERATIONS.filter((name) => targetOf(name) !== 'nothing')) {
      const taken = Object.entries(values).filter(([key, value]) => {
        const object = key === 'transport' ? { port: 1, transport: value } : { [key]: value };
        return problemsOf({ deny: [operation], objects: [object] }).length === 0;
      });
      const sort: Target = targetOf(operation);
      expect(taken.map(([key]) => key).sort(), operation).toEqual([...OBJECT_KEYS[sort]].sort());
    }
  });
});
