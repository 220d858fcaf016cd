/** Which inode of which file system: whatever text, as long as it is the same for the same inode and no other. */
export type Identity = string;

/** A name in a directory. */
export interface Entry {
  readonly directory: Identity;
  readonly name: string;
}

/** One directory entry on the way from a file up to a root: what the kernel has a dentry for. */
export interface Step {
  /** Null for what does not exist yet, and for a directory that a mount covers and nobody can look at. */
  readonly inode: Identity | null;
  /** Where it hangs; null for the root of a file system, and for what has no name any more. */
  readonly entry: Entry | null;
  /** Which file system it is on, whatever text. */
  readonly device: string;
  /** The type of that file system, such as `ext4`. */
  readonly fileSystem: string;
}

/** A file, a directory or the place for one. */
export interface ActedFile {
  readonly kind: 'file';
  /**
   * The way up: from the file itself through its file system to the root of that, also where only a directory of it is
   * mounted (a bind mount); then on with the directory that the mount covers, and so forth. Not empty.
   */
  readonly steps: readonly Step[];
  /** Whether that goes up to the top; the engine loses a way that is cut off, or that is longer than it can go. */
  readonly complete: boolean;
  /** What it is; null for what does not exist yet. */
  readonly attributes: { readonly uid: number; readonly setId: boolean } | null;
}

/**
 * What a path in a policy stands for, as it was when the policy was applied: the inodes that were found there, and the
 * entries at which others will be. Of a symbolic link, those of the link and those of what it leads to.
 */
export interface Anchor {
  readonly inodes: readonly Identity[];
  readonly entries: readonly Entry[];
}

/** What paths stand for; null when not even the directory is there. */
export type Anchors = (path: string) => Anchor | null;

/** Whether something hangs where a path leads, or is what was found there. */
export function isAt(anchor: Anchor | null, { inode, entry }: Step): boolean {
  if (anchor === null) return false;
  return (
    (inode !== null && anchor.inodes.includes(inode)) ||
    (entry !== null &&
      anchor.entries.some(({ directory, name }) => directory === entry.directory && name === entry.name))
  );
}
