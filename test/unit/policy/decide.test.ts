import { describe, expect, test } from 'vitest';
import { type Acted, decide, judge, type Subject } from '../../../src/policy/evaluate/index.js';
import type { Operation } from '../../../src/policy/model/index.js';
import type { PolicyInput, RuleInput } from '../../../src/policy/schema/index.js';
import { effect, files, make, place, subject } from '../../support/policy-setting.js';

describe('inside a policy', () => {
  test('the nearest rule wins', () => {
    const rules: RuleInput[] = [
      { deny: ['write'], objects: [{ beneath: '/' }] },
      { allow: ['write'], objects: [{ beneath: '/home/me' }] },
      { deny: ['write'], objects: [{ name: 'config' }] },
      { allow: ['write'], objects: [{ path: '/home/me/work/.git/config' }] },
      { deny: ['write'], objects: [{ beneath: '/home/me/work/.git' }] },
    ];
    const written = [
      '/etc/passwd',
      '/home/me/new',
      '/home/me/work/.git/new',
      '/home/me/work/.git/config',
      '/home/me/config',
    ];
    expect(written.map((path) => effect(rules, 'write', path))).toEqual([
      'deny',
      'allow',
      'deny',
      'allow',
      'deny',
    ]);
    expect(effect(rules, 'read', '/etc/passwd')).toBe('allow');
  });

  test('of several that are equally near, one that denies does', () => {
    const rules: RuleInput[] = [
      { allow: ['read'], objects: [{ path: '/etc/passwd' }] },
      { deny: ['read'], objects: [{ path: '/etc/passwd' }] },
      { allow: ['read'], objects: [{ path: '/etc/passwd' }] },
    ];
    expect(judge(make(rules), 'read', [place(files, '/etc/passwd')], files.anchor).by).toEqual({
      kind: 'rule',
      rule: 1,
    });
  });

  test('a rule without objects is the farthest, and the default of the class farther still', () => {
    const policy = make(
      [{ allow: ['read', 'connect'] }, { deny: ['read'], objects: [{ beneath: '/etc' }] }],
      {
        defaults: { files: 'deny' },
      },
    );
    const say = (operation: Operation, path: string) =>
      judge(policy, operation, [place(files, path)], files.anchor);
    expect(say('read', '/etc/passwd')).toMatchObject({ effect: 'deny', by: { kind: 'rule', rule: 1 } });
    expect(say('read', '/usr/bin/sh')).toMatchObject({ effect: 'allow', by: { kind: 'rule', rule: 0 } });
    expect(say('write', '/usr/bin/sh')).toMatchObject({ effect: 'deny', by: { kind: 'default' } });
    expect(judge(policy, 'load-module', [{ kind: 'nothing' }], files.anchor)).toMatchObject({
      effect: 'allow',
    });
  });

  test('an operation on several things needs all of them', () => {
    const policy = make([{ deny: ['rename'], objects: [{ beneath: '/etc' }] }]);
    const rename = (from: string, to: string) =>
      judge(policy, 'rename', [place(files, from), place(files, to)], files.anchor).effect;
    expect([rename('/etc/passwd', '/tmp/p'), rename('/x/y', '/etc/new'), rename('/x/y', '/tmp/y')]).toEqual([
      'deny',
      'deny',
      'allow',
    ]);
  });

  test('a way that does not end is for onExhaustion to decide, where a rule could have been met on it', () => {
    const lost = { ...place(files, '/etc/passwd'), complete: false } as Acted;
    const say = (rules: RuleInput[], onExhaustion: 'allow' | 'deny') =>
      judge(make(rules, { onExhaustion }), 'read', [lost], files.anchor);
    const beneath: RuleInput = { deny: ['read'], objects: [{ beneath: '/x' }] };
    expect(say([beneath], 'deny')).toMatchObject({ effect: 'deny', by: { kind: 'exhaustion' } });
    expect(say([beneath], 'allow')).toMatchObject({ effect: 'allow', by: { kind: 'exhaustion' } });
    expect(say([{ deny: ['read'], objects: [{ path: '/x' }] }], 'deny').by).toEqual({ kind: 'default' });
    expect(say([{ deny: ['write'], objects: [{ beneath: '/x' }] }], 'deny').by).toEqual({ kind: 'default' });
    const met: RuleInput = { allow: ['read'], objects: [{ beneath: '/etc' }] };
    expect(say([beneath, met], 'deny')).toMatchObject({ effect: 'allow', by: { kind: 'rule', rule: 1 } });
  });
});

describe('whom a policy governs', () => {
  const denyAll: RuleInput[] = [{ deny: ['read'] }];
  const governs = (more: Partial<PolicyInput>, by: Partial<Subject> = {}) =>
    decide([make(denyAll, more)], { ...subject, ...by }, 'read', [place(files, '/x/y')], files.anchor).denied;

  test.each<[Partial<PolicyInput>, Partial<Subject>, boolean]>([
    [{ scope: 'host' }, {}, true],
    [{ scope: { cgroup: '/user.slice' } }, {}, true],
    [{ scope: { cgroup: '/user.slice/me' } }, {}, true],
    [{ scope: { cgroup: '/user' } }, {}, false],
    [{ scope: { cgroup: '/' } }, { cgroup: '/' }, true],
    [{ scope: { domain: 'builder' } }, {}, true],
    [{ scope: { domain: 'other' } }, {}, false],
    [{ when: { uids: [1000] } }, {}, true],
    [{ when: { uids: [{ from: 1, to: 999 }] } }, {}, false],
    [{ when: { uids: [1000] } }, { uids: { real: 1000, effective: 0 } }, true],
    [{ when: { uids: [1000] } }, { uids: { real: 0, effective: 1000 } }, true],
    [{ when: { gids: [5] } }, { gids: { real: 5, effective: 0 } }, true],
    [{ when: { uids: [1000], gids: [5] } }, {}, false],
    [{ when: { executables: [{ path: '/usr/bin/sh' }] } }, {}, true],
    [{ when: { executables: [{ path: '/usr/bin' }] } }, {}, false],
    [{ when: { executables: [{ beneath: '/usr' }] } }, {}, true],
    [{ when: { executables: [{ path: '/etc/passwd' }] } }, {}, false],
    [{ when: { executables: [{ beneath: '/' }] } }, { executable: null }, false],
  ])('%j and %j: %s', (more, by, expected) => {
    expect(governs(more, by)).toBe(expected);
  });

  test('of the processes that are acted upon, those that it governs are inside', () => {
    const policy = make([{ deny: ['signal'], objects: [{ scope: 'outside' }] }], {
      scope: { domain: 'builder' },
    });
    const signal = (domains: string[]) =>
      judge(policy, 'signal', [{ kind: 'process', process: { ...subject, domains } }], files.anchor).effect;
    expect([signal(['builder']), signal([])]).toEqual(['allow', 'deny']);
  });
});
