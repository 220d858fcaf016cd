import { Buffer, isAscii } from 'node:buffer';
import { malformed } from './btf-error.js';

/** Far above the kernel's KSYM_NAME_LEN (512), yet low enough that crafted BTF cannot make reading names slow. */
const LONGEST_NAME = 4096;

/** The NUL-separated names of a BTF; those of split BTF continue the offsets of its base. */
export class StringSection {
  /** The first offset beyond this section, counted from the start of the base's. */
  readonly end: number;
  readonly #bytes: Buffer;
  /** The whole section as one string to slice names from, which is far faster; only where a byte is a character. */
  readonly #ascii: string | undefined;
  readonly #base: StringSection | undefined;
  readonly #start: number;

  /** @throws BpfError `ERR_BPF_BTF` when the section is not properly terminated */
  constructor(bytes: Uint8Array, base: StringSection | undefined) {
    if (bytes.length === 0 && !base) {
      throw malformed('the string section is empty');
    }
    if (bytes.length > 0 && bytes.at(-1) !== 0) {
      throw malformed('the string section does not end with a NUL');
    }
    if (!base && bytes[0] !== 0) {
      throw malformed('the string section does not begin with the empty name');
    }
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#ascii = isAscii(this.#bytes) ? this.#bytes.toString('latin1') : undefined;
    this.#base = base;
    this.#start = base?.end ?? 0;
    this.end = this.#start + bytes.length;
  }

  /**
   * The name at an offset.
   *
   * @throws BpfError `ERR_BPF_BTF` when the offset lies outside or the name is absurdly long
   */
  at(offset: number): string {
    if (offset === 0) {
      return '';
    }
    if (offset < this.#start && this.#base) {
      return this.#base.at(offset);
    }
    const from = offset - this.#start;
    if (from >= this.#bytes.length) {
      throw malformed(`name offset ${offset} lies beyond the string section, which ends at ${this.end}`);
    }
    const end = this.#endOfName(from, offset);
    return this.#ascii?.slice(from, end) ?? this.#bytes.toString('utf8', from, end);
  }

  #endOfName(from: number, offset: number): number {
    const limit = Math.min(from + LONGEST_NAME, this.#bytes.length);
    for (let end = from; end < limit; end++) {
      if (this.#bytes[end] === 0) {
        return end;
      }
    }
    throw malformed(`the name at offset ${offset} is longer than ${LONGEST_NAME} bytes`);
  }
}
