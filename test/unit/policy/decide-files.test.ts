import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge } from '../../../src/policy/evaluate/index.js';
import type { RuleInput } from '../../../src/policy/schema/index.js';
import { effect, make, place } from '../../support/policy-setting.js';
import { VirtualFiles } from '../../support/virtual-files.js';

describe('files are what they are, not what they are called', () => {
  const deny: RuleInput[] = [{ deny: ['read'], objects: [{ beneath: '/secret' }, { path: '/etc/shadow' }] }];

  test.each<[string, string, (files: VirtualFiles) => void]>([
    ['by a symbolic link', '/tmp/link/inner/file', (files) => files.symlink('/secret', '/tmp/link')],
    [
      'by a hard link of a file that is named',
      '/tmp/hard',
      (files) => files.link('/etc/shadow', '/tmp/hard'),
    ],
    [
      'after a rename of the directory',
      '/tmp/moved/inner/file',
      (files) => files.rename('/secret', '/tmp/moved'),
    ],
    ['by a bind mount of the directory', '/mnt/inner/file', (files) => files.bind('/secret', '/mnt')],
    ['by a bind mount of a directory in it', '/mnt/file', (files) => files.bind('/secret/inner', '/mnt')],
    [
      'on another file system that is mounted in it',
      '/secret/inner/deep',
      (files) => {
        files.mount('tmpfs', '/secret/inner');
        files.write('/secret/inner/deep');
      },
    ],
    ['of what did not exist yet', '/secret/new', (files) => files.write('/secret/new')],
    [
      'of another file that came to its place',
      '/etc/shadow',
      (files) => {
        files.write('/tmp/s');
        files.rename('/tmp/s', '/etc/shadow');
      },
    ],
    [
      'of another directory that came to its place',
      '/secret/f',
      (files) => {
        files.rename('/secret', '/old');
        files.write('/tmp/d/f');
        files.rename('/tmp/d', '/secret');
      },
    ],
  ])('%s', (_, path, change) => {
    const files = new VirtualFiles(['/secret/inner/file', '/etc/shadow', '/tmp/', '/mnt/', '/public']);
    const policy = make(deny);
    // What paths stand for when the policy is applied: before the change.
    const anchors = new Map(['/secret', '/etc/shadow'].map((path) => [path, files.anchor(path)]));
    change(files);
    const say = (path: string) =>
      judge(policy, 'read', [place(files, path)], (of) => anchors.get(of) ?? null).effect;
    expect([say(path), say('/public')]).toEqual(['deny', 'allow']);
  });

  test('a rule for a symbolic link is for the link, for what it leads to, and for what will be there', () => {
    const files = new VirtualFiles(['/run/real', '/run/other', '/etc/']);
    files.symlink('/run/real', '/etc/link');
    const policy = make([{ deny: ['write', 'remove'], objects: [{ path: '/etc/link' }] }]);
    const say = (path: string) => judge(policy, 'write', [place(files, path)], files.anchor).effect;
    expect([say('/etc/link'), say('/run/real'), say('/run/other')]).toEqual(['deny', 'deny', 'allow']);
  });

  test('a file system stands at its root: within what it is mounted on, around what is on it', () => {
    const files = new VirtualFiles(['/run/']);
    files.mount('tmpfs', '/run');
    files.write('/run/app/bin');
    files.write('/run/other');
    const say = (rules: RuleInput[], path: string) => effect(rules, 'exec', path, files);
    const tmpfs: RuleInput = { deny: ['exec'], objects: [{ fileSystem: 'tmpfs' }] };
    expect(say([tmpfs, { allow: ['exec'], objects: [{ beneath: '/run/app' }] }], '/run/app/bin')).toBe(
      'allow',
    );
    expect(say([tmpfs, { allow: ['exec'], objects: [{ beneath: '/run/app' }] }], '/run/other')).toBe('deny');
    expect(say([tmpfs, { allow: ['exec'], objects: [{ beneath: '/' }] }], '/run/other')).toBe('deny');
  });

  test('a type of file systems is also that of all its subtypes, and each of these is nearer', () => {
    const files = new VirtualFiles(['/mnt/']);
    files.mount('fuse.sshfs', '/mnt');
    files.write('/mnt/bin');
    const say = (...rules: RuleInput[]) => effect(rules, 'exec', '/mnt/bin', files);
    const about = (effect: 'allow' | 'deny', fileSystem: string) => ({
      ...(effect === 'allow' ? { allow: ['exec' as const] } : { deny: ['exec' as const] }),
      objects: [{ fileSystem }],
    });
    expect(say(about('deny', 'fuse') as RuleInput)).toBe('deny');
    expect(say(about('deny', 'fuse.other') as RuleInput)).toBe('allow');
    expect(say(about('deny', 'fuse') as RuleInput, about('allow', 'fuse.sshfs') as RuleInput)).toBe('allow');
    expect(say(about('allow', 'fuse') as RuleInput, about('deny', 'fuse.sshfs') as RuleInput)).toBe('deny');
  });

  test('a set-id bit and an owner are nearer than any directory', () => {
    const files = new VirtualFiles(['/usr/bin/sh']);
    files.write('/usr/bin/su', { setId: true });
    files.write('/usr/bin/mine', { uid: 1000 });
    const rules: RuleInput[] = [
      { allow: ['exec'], objects: [{ beneath: '/usr/bin' }] },
      { deny: ['exec'], objects: [{ setId: true }, { owner: 1000 }] },
    ];
    expect(['sh', 'su', 'mine'].map((name) => effect(rules, 'exec', `/usr/bin/${name}`, files))).toEqual([
      'allow',
      'deny',
      'deny',
    ]);
  });
});

test('for directories alone, the longest path wins', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const directory = fc.array(name, { maxLength: 4 }).map((names) => `/${names.join('/')}`);
  const rules = fc.array(fc.tuple(fc.constantFrom('deny' as const, 'allow' as const), directory), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(rules, directory, (rules, path) => {
      const files = new VirtualFiles(
        [...rules.map(([, of]) => `${of}/`), `${path}/`].map((dir) => dir.replace(/^\/\/$/, '/')),
      );
      const written = rules.map(([effect, beneath]) => ({
        [effect]: ['read'],
        objects: [{ beneath }],
      })) as unknown as RuleInput[];
      const above = rules.filter(([, of]) => of === '/' || path === of || path.startsWith(`${of}/`));
      const longest = Math.max(...above.map(([, of]) => of.length));
      const deciding = above.filter(([, of]) => of.length === longest).map(([effect]) => effect);
      const expected = deciding.includes('deny') ? 'deny' : 'allow';
      expect(effect(written, 'read', path, files)).toBe(expected);
    }),
    { numRuns: 500 },
  );
});
