import { expect, test } from 'vitest';
import { mounts, parseMountInfo } from '../../../src/governor/mounts.js';

test('mounts are read from mountinfo, with optional fields and escaped paths', () => {
  const text = [
    '33 29 0:30 / /sys/fs/bpf rw,relatime shared:9 master:2 - bpf bpf rw,mode=700',
    '45 33 0:31 /sub\\040dir /mnt/a\\040b\\134c\\011\\303\\251 rw - bpf none rw',
    'nonsense',
    '',
  ].join('\n');
  expect(parseMountInfo(text)).toEqual([
    { device: '0:30', root: '/', path: '/sys/fs/bpf', fileSystem: 'bpf' },
    { device: '0:31', root: '/sub dir', path: '/mnt/a b\\c\té', fileSystem: 'bpf' },
  ]);
});

test('this machine has some', () => {
  expect(mounts()).toContainEqual(expect.objectContaining({ path: '/proc', fileSystem: 'proc' }));
});
