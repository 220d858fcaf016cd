import { describe, expect, test } from 'vitest';
import { parseRecord } from '../../../src/testing/apt-root.js';
import { kernelPackages, ownDependencies } from '../../../src/testing/kernel-packages.js';
import { isKernelLine, kernelLines } from '../../../src/testing/kernels.js';
import { payloadRange } from '../../../src/testing/vmlinux.js';

describe('kernel packages', () => {
  const archive: Record<string, string> = {
    'linux-image-cloud-amd64': 'linux-base-cloud-amd64 (= 7), linux-image-7.3.4-cloud-amd64 (= 7)',
    'linux-base-cloud-amd64': 'linux-base-7.3.4-cloud-amd64 (= 7)',
    'linux-image-7.3.4-cloud-amd64':
      'dracut | initramfs-tools (>= 0.120), linux-base-7.3.4-cloud-amd64 (= 7), linux-modules-7.3.4-cloud-amd64 (= 7)',
    'linux-base-7.3.4-cloud-amd64': '',
    'linux-modules-7.3.4-cloud-amd64': 'kmod, linux-base-7.3.4-cloud-amd64 (= 7)',
  };
  const show = async (name: string): Promise<Map<string, string> | undefined> => {
    const depends = archive[name];
    return depends === undefined
      ? undefined
      : new Map([
          ['Version', '7'],
          ['Depends', depends],
        ]);
  };

  test("the chain stays within the kernel's own packages", async () => {
    const { image, all } = await kernelPackages('linux-image-cloud-amd64', show);
    expect(image.name).toBe('linux-image-7.3.4-cloud-amd64');
    expect(all.map(({ name }) => name).sort()).toEqual(Object.keys(archive).sort());
  });

  test('a package that is not there is an error', async () => {
    await expect(kernelPackages('linux-image-cloud-mips', show)).rejects.toMatchObject({ code: 'NO_KERNEL' });
  });

  test('dependency fields', () => {
    expect(ownDependencies('kmod, linux-base (>= 4), linux-image-6.1-x:amd64 (= 1)')).toEqual([
      'linux-image-6.1-x',
    ]);
  });

  test('records', () => {
    const record = parseRecord('Package: a\nVersion: 1:2\nDescription: x\n more\n\nVersion: 3\n');
    expect(record.get('Version')).toBe('1:2');
  });
});

describe('kernel images', () => {
  test('the payload is found by the header', () => {
    const image = Buffer.alloc(4096);
    image.writeUInt8(3, 0x1f1);
    image.write('HdrS', 0x202, 'latin1');
    image.writeUInt32LE(16, 0x248);
    image.writeUInt32LE(104, 0x24c);
    expect(payloadRange(image)).toEqual({ start: 2064, end: 2164 });
    expect(payloadRange(Buffer.alloc(4096))).toBeUndefined();
    expect(payloadRange(Buffer.alloc(10))).toBeUndefined();
  });

  test('lines', () => {
    expect(kernelLines.every(isKernelLine)).toBe(true);
    expect(isKernelLine('6')).toBe(false);
  });
});
