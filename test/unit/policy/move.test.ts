import { describe, expect, test } from 'vitest';
import { type ActedFile, decideMove, PROTECTED, type Subject } from '../../../src/policy/evaluate/index.js';
import { definePolicy, type RuleInput } from '../../../src/policy/schema/index.js';
import { VirtualFiles } from '../../support/virtual-files.js';

const subject: Subject = {
  uids: { real: 0, effective: 0 },
  gids: { real: 0, effective: 0 },
  executable: null,
  cgroup: '/',
  domains: [],
};

const files = new VirtualFiles(['/secret/key', '/secret/inner/', '/public/file', '/public/other', '/in/']);

function move(operation: 'link' | 'rename', from: string, to: string, rules: readonly RuleInput[]) {
  const policy = definePolicy({ name: 'a', scope: 'host', mode: 'enforce', rules });
  const [source, target] = [from, to].map((path) => files.file(path)) as [ActedFile, ActedFile];
  const { denied, verdicts } = decideMove(
    [policy],
    subject,
    { operation, from: source, to: target },
    files.anchor,
  );
  return denied ? verdicts[0]?.by : 'allowed';
}

describe('a link or a rename', () => {
  const beneath = (operation: 'link' | 'rename' | 'remove' | 'create', path: string): RuleInput[] => [
    { deny: [operation], objects: [{ beneath: path }] },
  ];

  test.each([
    ['rename', '/public/file', '/public/new', [], 'allowed'],
    ['rename', '/secret/key', '/public/key', beneath('rename', '/secret'), { kind: 'rule', rule: 0 }],
    ['rename', '/public/file', '/secret/new', beneath('rename', '/secret'), { kind: 'rule', rule: 0 }],
    ['rename', '/secret/key', '/public/key', beneath('remove', '/secret'), { kind: 'rule', rule: 0 }],
    ['rename', '/public/file', '/secret/new', beneath('remove', '/secret'), 'allowed'],
    ['rename', '/public/file', '/secret/key', beneath('remove', '/secret'), { kind: 'rule', rule: 0 }],
    ['rename', '/public/file', '/secret/new', beneath('create', '/secret'), { kind: 'rule', rule: 0 }],
    ['rename', '/secret/key', '/public/key', beneath('create', '/secret'), 'allowed'],
    ['link', '/secret/key', '/public/key', beneath('link', '/secret'), { kind: 'rule', rule: 0 }],
    ['link', '/public/file', '/secret/new', beneath('link', '/secret'), { kind: 'rule', rule: 0 }],
    ['link', '/public/file', '/secret/new', beneath('create', '/secret'), { kind: 'rule', rule: 0 }],
    [
      'link',
      '/secret/key',
      '/public/key',
      beneath('remove', '/secret'),
      { kind: 'protection', operation: 'remove' },
    ],
  ] as const)('%s from %s to %s is judged at both places', (operation, from, to, rules, expected) => {
    expect(move(operation, from, to, rules)).toEqual(expected);
  });

  test('does not take a file out of what protects it', () => {
    const rules: RuleInput[] = [{ deny: ['read'], objects: [{ beneath: '/secret' }] }];
    const lost = { kind: 'protection', operation: 'read' };
    expect(move('rename', '/secret/key', '/public/key', rules)).toEqual(lost);
    expect(move('link', '/secret/key', '/public/key', rules)).toEqual(lost);
    expect(move('rename', '/secret/key', '/secret/inner/key', rules)).toBe('allowed');
    expect(move('rename', '/public/file', '/secret/new', rules)).toBe('allowed');
  });

  test.each(PROTECTED)('does not win %s by it', (operation) => {
    const rules = [{ deny: [operation], objects: [{ beneath: '/secret' }] }] as RuleInput[];
    expect(move('rename', '/secret/key', '/public/key', rules)).not.toBe('allowed');
    expect(move('rename', '/public/file', '/public/new', rules)).toBe('allowed');
  });

  test('takes what a file is along: its own rules, and not those of what it replaces', () => {
    const named: RuleInput[] = [{ deny: ['read'], objects: [{ path: '/secret/key' }] }];
    expect(move('rename', '/secret/key', '/public/key', named)).toBe('allowed');
    const replaced: RuleInput[] = [
      { deny: ['read'], objects: [{ beneath: '/secret' }] },
      { allow: ['read'], objects: [{ path: '/public/other' }] },
    ];
    expect(move('rename', '/secret/key', '/public/other', replaced)).toEqual({
      kind: 'protection',
      operation: 'read',
    });
  });
});
