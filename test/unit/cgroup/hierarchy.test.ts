import { expect, test } from 'vitest';
import { directoryOf, hierarchiesIn } from '../../../src/cgroup/hierarchy.js';

const PURE =
  '29 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate';
const HYBRID = `30 25 0:27 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
31 30 0:28 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw
32 30 0:29 / /sys/fs/cgroup/systemd rw,nosuid shared:11 - cgroup cgroup rw,xattr,name=systemd`;
const V1 = '32 30 0:29 / /sys/fs/cgroup/memory rw,nosuid shared:11 - cgroup cgroup rw,memory';

test('the hierarchy is found where version 2 alone is mounted, and beside version 1', () => {
  expect(hierarchiesIn(PURE)).toEqual([{ mountPoint: '/sys/fs/cgroup', root: '/' }]);
  expect(hierarchiesIn(HYBRID)).toEqual([{ mountPoint: '/sys/fs/cgroup/unified', root: '/' }]);
});

test('there is none where only version 1 is mounted', () => {
  expect(hierarchiesIn(V1)).toEqual([]);
});

test('the mount that shows most comes first, and odd characters are read as they are', () => {
  const partial = '40 1 0:26 /pods/a /mnt/one\\040place rw - cgroup2 cgroup2 rw';
  expect(hierarchiesIn(`${partial}\n${PURE}`)).toEqual([
    { mountPoint: '/sys/fs/cgroup', root: '/' },
    { mountPoint: '/mnt/one place', root: '/pods/a' },
  ]);
});

test('a cgroup named by /proc has its directory below the mount, unless it is above what is mounted', () => {
  const whole = { mountPoint: '/sys/fs/cgroup', root: '/' };
  const part = { mountPoint: '/sys/fs/cgroup', root: '/pods/a' };
  expect(directoryOf(whole, '/')).toBe('/sys/fs/cgroup');
  expect(directoryOf(whole, '/pods/a/b')).toBe('/sys/fs/cgroup/pods/a/b');
  expect(directoryOf(whole, '/..odd')).toBe('/sys/fs/cgroup/..odd');
  expect(directoryOf(part, '/pods/a/b')).toBe('/sys/fs/cgroup/b');
  expect(directoryOf(part, '/pods/b')).toBeUndefined();
  expect(directoryOf(whole, '/../other')).toBeUndefined();
});
