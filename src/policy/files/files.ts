import type { ActedFile, Anchors } from '../evaluate/index.js';

/** What is at a path. */
export interface FoundFile {
  /** The path without symbolic links; of what does not exist, as far as it does. */
  readonly real: string;
  /** Null when nothing is there. */
  readonly kind: 'file' | 'directory' | 'other' | null;
  /** The type of the file system that it is on, or would be; null when that could not be told. */
  readonly fileSystem: string | null;
}

/** The files that policies are about, as they are now. */
export interface Files {
  /** What a path in a policy stands for. */
  readonly anchor: Anchors;
  /** What a process that opens a path acts on: where links lead, or the place for a new file; null without its directory. */
  file(path: string): ActedFile | null;
  /** What is at a path; null when it cannot be told. */
  find(path: string): FoundFile | null;
}
