import { open, readFile, rm } from 'node:fs/promises';
import { decompressTo } from './decompress.js';

const COMMANDS: readonly { magic: string; command: readonly string[] }[] = [
  { magic: '28b52ffd', command: ['zstd', '-dqc'] },
  { magic: '02214c18', command: ['lz4', '-dqc'] },
  { magic: '1f8b', command: ['gzip', '-dc'] },
  { magic: 'fd377a58', command: ['xz', '-dc'] },
];

/**
 * Where an x86 bzImage keeps the compressed kernel, by the boot protocol's header (2.08 and newer); undefined for
 * other files.
 */
export function payloadRange(image: Buffer): { start: number; end: number } | undefined {
  if (image.length < 0x250 || image.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined;
  const start = (image.readUInt8(0x1f1) + 1) * 512 + image.readUInt32LE(0x248);
  // The last four bytes are the decompressed size, which is no part of the compressed stream.
  const end = start + image.readUInt32LE(0x24c) - 4;
  return end <= image.length && end > start ? { start, end } : undefined;
}

/**
 * Writes the ELF kernel inside a bzImage to `target`. QEMU enters such a kernel directly (PVH, which Debian's
 * kernels have), which saves a second of decompression in an emulated guest. Where the image is of another kind
 * or the decompressor is not installed nothing is written: the bzImage itself boots too.
 */
export async function extractPayload(image: string, target: string): Promise<void> {
  const bytes = await readFile(image);
  const range = payloadRange(bytes);
  if (range === undefined) return;
  const payload = bytes.subarray(range.start, range.end);
  const found = COMMANDS.find(({ magic }) => payload.toString('hex', 0, magic.length / 2) === magic);
  if (found === undefined) return;
  const written = await decompressTo(found.command, payload, target);
  if (!written || !(await isElf(target))) await rm(target, { force: true });
}

async function isElf(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1') === '\x7fELF';
  } finally {
    await file.close();
  }
}
