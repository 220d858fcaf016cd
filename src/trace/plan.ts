import { type Btf, type Codec, codecFor } from '../btf/index.js';
import { BpfError } from '../errors.js';
import { memberOf } from './kernel-member.js';
import type { TraceRecord } from './record.js';

/** A step of the BPF program: bpf/trace/trace.bpf.c. */
export interface Step {
  kind: 'STEP_POINTER' | 'STEP_BYTES' | 'STEP_STRING' | 'STEP_PATH' | 'STEP_MOUNTED_PATH';
  from: number;
  offset: number;
  to: number;
  size: number;
}

/** Takes a part of what was copied out of a record; undefined when the kernel found nothing to read. */
export type Part<T = unknown> = (record: TraceRecord) => T | undefined;

/** One of the values that the BPF program has at hand: an argument, or a pointer found by following another. */
export type Value = number & { readonly brand?: 'value' };

// bpf/trace/trace.bpf.c
const MAX_VALUES = 48;
const MAX_STEPS = 64;
const PATH_BYTES = 1024;
const PATH_NAMES_BYTES = 8 + PATH_BYTES;

/** Every part begins where any type may. */
const ALIGNMENT = 8;

/**
 * What the BPF program is to take of each call, and how to read it from the records afterwards. Offsets are the running
 * kernel's; what it does not have is not taken.
 */
export class Plan {
  readonly steps: Step[] = [];
  readonly btf: Btf;
  readonly #codecs = new Map<number, Codec>();
  readonly #pointers = new Map<string, Value>();
  #values: number;
  #eventBytes: number;

  /**
   * @param words - how many words the arguments take
   * @param headBytes - the size of `struct event`, behind which the parts are
   */
  constructor(btf: Btf, words: number, headBytes: number) {
    this.btf = btf;
    this.#values = words;
    this.#eventBytes = align(headBytes);
  }

  /** The size of an event with all its parts. */
  get eventBytes(): number {
    return this.#eventBytes;
  }

  /** Follows a pointer in a structure that `from` points to; undefined where this kernel has none there. */
  pointer(from: Value, struct: string, path: string): Value | undefined {
    const member = memberOf(this.btf, struct, path);
    if (!member) return undefined;
    const key = `${from} ${member.offset}`;
    const known = this.#pointers.get(key);
    if (known !== undefined) return known;
    const to = this.#values++;
    if (to >= MAX_VALUES) throw this.#full('pointers');
    this.#add({ kind: 'STEP_POINTER', from, offset: member.offset, to, size: 0 });
    this.#pointers.set(key, to);
    return to;
  }

  /** A member of a structure that `from` points to, decoded. */
  field<T = unknown>(from: Value | undefined, struct: string, path: string): Part<T> | undefined {
    const member = memberOf(this.btf, struct, path);
    return member && from !== undefined ? this.#decoded<T>(from, member.offset, member.type) : undefined;
  }

  /** The whole of what `from` points to, decoded. */
  whole<T = unknown>(from: Value, type: number): Part<T> {
    return this.#decoded<T>(from, 0, type);
  }

  /** The bytes that `from` points to. */
  bytes(from: Value, size: number): Part<Uint8Array> {
    const { at, ok } = this.#copy('STEP_BYTES', from, 0, size);
    return (record) => (ok(record) ? record.bytes.subarray(at, at + size) : undefined);
  }

  /** Text up to a NUL that `from` points to, or a longer one's beginning. */
  string(from: Value | undefined, size: number): Part<string> | undefined {
    if (from === undefined) return undefined;
    const { at, ok } = this.#copy('STEP_STRING', from, 0, size);
    return (record) => (ok(record) ? record.text(at, size) : undefined);
  }

  /**
   * The path of a dentry: in the mount `mount` and those above it, seen from the machine's root; without, in its file
   * system. One that is longer than about a kilobyte, or leads nowhere, begins with `...`.
   */
  path(dentry: Value | undefined, mount?: Value): Part<string> | undefined {
    if (dentry === undefined) return undefined;
    const { at } =
      mount === undefined
        ? this.#copy('STEP_PATH', dentry, 0, PATH_NAMES_BYTES)
        : this.#copy('STEP_MOUNTED_PATH', dentry, mount, PATH_NAMES_BYTES);
    return (record) => record.path(at);
  }

  #decoded<T>(from: Value, offset: number, type: number): Part<T> {
    let codec = this.#codecs.get(type);
    if (!codec) {
      codec = codecFor(this.btf, type, { u64: 'auto' });
      this.#codecs.set(type, codec);
    }
    const { at, ok } = this.#copy('STEP_BYTES', from, offset, codec.size);
    const { decode } = codec as Codec<T>;
    return (record) => (ok(record) ? decode(record.bytes, at) : undefined);
  }

  #copy(
    kind: Step['kind'],
    from: Value,
    offset: number,
    size: number,
  ): { at: number; ok: (record: TraceRecord) => boolean } {
    const at = this.#eventBytes;
    const step = this.#add({ kind, from, offset, to: at, size });
    this.#eventBytes += align(size);
    return { at, ok: (record) => !record.failed(step) };
  }

  #add(step: Step): number {
    if (this.steps.length >= MAX_STEPS) throw this.#full('steps');
    return this.steps.push(step) - 1;
  }

  #full(what: string): BpfError {
    return new BpfError(`the arguments of this hook take more ${what} to show than there is room for`, {
      code: 'ERR_BPF_VALUE_RANGE',
      reason: 'input',
    });
  }
}

function align(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}
