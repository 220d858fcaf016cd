// Puts the strings of an exec together again, which come in chunks: see bpf/examples/exec_audit.bpf.c.

import type { Chunk, Exec } from './types/exec_audit.js';

/** What a program was started with. */
export interface ExecStrings {
  args: string[];
  /** `NAME=value`, in the order of the environment; a name may come twice. */
  env: string[];
  /** The first value of the watched variable; undefined when it is not set. */
  watched: string | undefined;
  /** Something is missing at the end of `args` or `env`; the last string may be a part of one. */
  cut: boolean;
  /** Something is missing at the end of `watched`. */
  watchedCut: boolean;
}

/** Holds chunks until their exec is reported. */
export class ExecChunks {
  readonly #chunks = new Map<bigint, Chunk[]>();

  add(chunk: Chunk): void {
    const known = this.#chunks.get(chunk.exec);
    if (known) known.push(chunk);
    else this.#chunks.set(chunk.exec, [chunk]);
  }

  /** The strings of an exec, whose chunks have all been added; they are forgotten. */
  take(exec: Exec): ExecStrings {
    const chunks = this.#chunks.get(exec.id) ?? [];
    this.#chunks.delete(exec.id);
    const strings = split(bytesOf(chunks, 'PART_ALL', exec.strings_sent));
    const watched = bytesOf(chunks, 'PART_WATCHED', exec.watched_sent);
    return {
      args: strings.slice(0, exec.argc),
      env: strings.slice(exec.argc),
      watched: exec.watched_count === 0 ? undefined : text.decode(watched),
      cut: exec.strings_sent < exec.strings_size,
      watchedCut: exec.watched_sent < exec.watched_size,
    };
  }
}

// Arguments are bytes: what is no UTF-8 comes as replacement characters.
const text = new TextDecoder();

function bytesOf(chunks: readonly Chunk[], part: Chunk['part'], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const chunk of chunks)
    if (chunk.part === part) bytes.set(chunk.bytes.subarray(0, chunk.size), chunk.offset);
  return bytes;
}

/** Every string ends with a NUL, an empty one too; without its NUL, the last one was cut. */
function split(bytes: Uint8Array): string[] {
  const strings: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0, start);
    const stop = end < 0 ? bytes.length : end;
    strings.push(text.decode(bytes.subarray(start, stop)));
    start = stop + 1;
  }
  return strings;
}
