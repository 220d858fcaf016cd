/** One file of an archive. */
export interface CpioEntry {
  /** The path without a leading slash. */
  readonly path: string;
  /** Type and permission bits, as in `stat.st_mode`. */
  readonly mode: number;
  /** A file's content, or where a symbolic link points to. */
  readonly data?: Uint8Array;
  /** Major and minor number of a device file. */
  readonly device?: readonly [number, number];
}

const S_IFMT = 0o170000;
export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;
export const S_IFCHR = 0o020000;
export const S_IFLNK = 0o120000;

/** Writes a "newc" cpio archive, the format of an initramfs: everything is root's and dated 1970. */
export function cpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  entries.forEach((entry, index) => {
    parts.push(...member(entry, index + 1));
  });
  parts.push(...member({ path: 'TRAILER!!!', mode: 0 }, 0));
  return Buffer.concat(parts);
}

function member(entry: CpioEntry, inode: number): Uint8Array[] {
  const name = Buffer.from(`${entry.path}\0`);
  const data = entry.data ?? new Uint8Array(0);
  const [major, minor] = entry.device ?? [0, 0];
  const links = (entry.mode & S_IFMT) === S_IFDIR ? 2 : 1;
  const fields = [inode, entry.mode, 0, 0, links, 0, data.length, 0, 0, major, minor, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  const head = Buffer.concat([Buffer.from(header), name]);
  return [head, padding(head.length), data, padding(data.length)];
}

/** Header plus name, and data, both end on a multiple of four bytes. */
function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
