import { describe, expect, test } from 'vitest';
import { insertionOrder, moduleName } from '../../../src/testing/modules.js';

const DEP = [
  'kernel/drivers/virtio/virtio.ko:',
  'kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko',
  'kernel/drivers/virtio/virtio_pci.ko.xz: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko',
  'kernel/fs/fuse/virtiofs.ko: kernel/fs/fuse/fuse.ko kernel/drivers/virtio/virtio_ring.ko',
  'kernel/fs/fuse/fuse.ko:',
  'kernel/a-b.ko: kernel/b.ko',
  'kernel/b.ko: kernel/a-b.ko',
].join('\n');

describe('modules', () => {
  test('names', () => {
    expect(moduleName('kernel/crypto/aes-x86_64.ko.xz')).toBe('aes_x86_64');
    expect(moduleName('overlay.ko')).toBe('overlay');
  });

  test('each comes after what it needs, and once', () => {
    const order = insertionOrder(['virtio_pci', 'virtiofs'], DEP, '');
    expect(order.map(moduleName)).toEqual(['virtio', 'virtio_ring', 'virtio_pci', 'fuse', 'virtiofs']);
  });

  test('what is built in is left out', () => {
    expect(insertionOrder(['fuse', 'overlay'], DEP, 'kernel/fs/overlayfs/overlay.ko\n')).toEqual([
      'kernel/fs/fuse/fuse.ko',
    ]);
  });

  test('an unknown module and a circle are errors', () => {
    expect(() => insertionOrder(['nope'], DEP, '')).toThrow(/no module nope/);
    expect(() => insertionOrder(['a_b'], DEP, '')).toThrow(/need each other/);
  });
});
