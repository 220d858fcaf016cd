import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAt } from '../../../src/policy/evaluate/index.js';
import { type MountEntry, mountOf, mountTable, realFiles } from '../../../src/policy/files/index.js';

describe('files of this machine', () => {
  let top = '';
  beforeEach(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'bpf-lsm-files-')));
    mkdirSync(join(top, 'a/b'), { recursive: true });
    writeFileSync(join(top, 'a/b/file'), '');
    symlinkSync('a/b', join(top, 'link'));
    symlinkSync('none', join(top, 'dangling'));
  });
  afterEach(() => rmSync(top, { recursive: true }));

  const files = realFiles();
  const leadsTo = (path: string, anchor: ReturnType<typeof files.anchor>) =>
    files.file(path)?.steps.findIndex((step) => isAt(anchor, step));

  test('are met on the way up, by their inodes and names', () => {
    const [a, file] = [files.anchor(join(top, 'a')), files.anchor(join(top, 'a/b/file'))];
    expect([leadsTo(join(top, 'a/b/file'), a), leadsTo(join(top, 'link/file'), a)]).toEqual([2, 2]);
    linkSync(join(top, 'a/b/file'), join(top, 'hard'));
    expect([leadsTo(join(top, 'hard'), file), leadsTo(join(top, 'hard'), a)]).toEqual([0, -1]);
    renameSync(join(top, 'a'), join(top, 'moved'));
    expect(leadsTo(join(top, 'moved/b/file'), a)).toBe(2);
    expect(files.file(join(top, 'moved/b/file'))?.steps.at(-1)).toMatchObject({
      inode: files.anchor('/')?.inodes[0],
    });
  });

  test('need not be there yet', () => {
    const anchor = files.anchor(join(top, 'a/new'));
    expect(anchor).toMatchObject({ inodes: [], entries: [{ name: 'new' }] });
    expect(files.file(join(top, 'a/new'))?.attributes).toBeNull();
    expect(leadsTo(join(top, 'a/new'), anchor)).toBe(0);
    writeFileSync(join(top, 'a/new'), '');
    expect(leadsTo(join(top, 'a/new'), anchor)).toBe(0);
    expect([files.anchor(join(top, 'x/y')), files.file(join(top, 'x/y'))]).toEqual([null, null]);
  });

  test('behind symbolic links are anchored with the links', () => {
    const anchor = files.anchor(join(top, 'link'));
    expect(anchor?.entries.map(({ name }) => name)).toEqual(['link', 'b']);
    expect(anchor?.inodes).toHaveLength(2);
    expect(files.anchor(join(top, 'dangling'))?.entries.map(({ name }) => name)).toEqual([
      'dangling',
      'none',
    ]);
  });

  test('behind symbolic links that go up again are where the kernel finds them', () => {
    symlinkSync('link/../file', join(top, 'up'));
    symlinkSync('a/b/..', join(top, 'ends-above'));
    expect(files.anchor(join(top, 'up'))?.entries[1]).toMatchObject({
      directory: files.anchor(join(top, 'a'))?.inodes[0],
      name: 'file',
    });
    expect(files.anchor(join(top, 'ends-above'))?.inodes[1]).toBe(files.anchor(join(top, 'a'))?.inodes[0]);
  });

  test('are found by their kind and real path', () => {
    expect(files.find(join(top, 'link/file'))).toMatchObject({ real: join(top, 'a/b/file'), kind: 'file' });
    expect(files.find(join(top, 'link'))).toMatchObject({ real: join(top, 'a/b'), kind: 'directory' });
    expect(files.find(join(top, 'link/new'))).toMatchObject({ real: join(top, 'a/b/new'), kind: null });
    expect(files.find('/proc/self/status')).toMatchObject({ fileSystem: 'proc' });
  });
});

describe('the table of mounts', () => {
  const TEXT = `22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:25 / /run rw shared:5 - tmpfs tmpfs rw
41 22 254:1 /srv/a\\040b /mnt/x\\134y rw - ext4 /dev/vda1 rw
42 30 0:30 / /run rw - tmpfs over rw
`;
  const mounts: MountEntry[] = mountTable(TEXT);

  test('is read with its escapes and optional fields', () => {
    expect(mounts[2]).toEqual({ point: '/mnt/x\\y', root: '/srv/a b', device: '254:1', type: 'ext4' });
  });

  test('tells on which mount a path is: the last of several on one place', () => {
    expect(
      ['/', '/etc/passwd', '/run/x', '/runner', '/mnt/x\\y/f'].map((path) => mountOf(mounts, path)?.device),
    ).toEqual(['254:1', '254:1', '0:30', '254:1', '254:1']);
    expect(mountOf(mounts, '/mnt/x\\y/f')?.root).toBe('/srv/a b');
  });
});
