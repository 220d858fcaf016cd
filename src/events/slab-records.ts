import { describeValue } from '../btf/index.js';
import { BpfError } from '../errors.js';

const HEADER = 8;
const NATIVE_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The records of a slab, which native/core/records.h lays out: u32 size, u32 CPU, the record, padding to 8 bytes. */
export class SlabRecords {
  readonly slab: Uint8Array;
  readonly length: number;
  readonly #view: DataView;
  #index = 0;
  #header = 0;

  constructor(slab: Uint8Array, length: number) {
    this.slab = slab;
    this.length = length;
    this.#view = new DataView(slab.buffer, slab.byteOffset, slab.byteLength);
  }

  /** The first byte in the slab of the record sought last. */
  get offset(): number {
    return this.#header + HEADER;
  }

  /** Its size in bytes. */
  get size(): number {
    return this.#view.getUint32(this.#header, NATIVE_LITTLE_ENDIAN);
  }

  /**
   * Goes to a record: one step to the next one, as many as it takes to another.
   *
   * @throws BpfError `ERR_BPF_VALUE_RANGE` when there is no such record
   */
  seek(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new BpfError(`there is no record ${describeValue(index)} in a batch of ${this.length}`, {
        code: 'ERR_BPF_VALUE_RANGE',
        reason: 'input',
      });
    }
    if (index < this.#index) {
      this.#index = 0;
      this.#header = 0;
    }
    while (this.#index < index) this.step();
  }

  /** Goes to the next record, of which there must be one. */
  step(): void {
    this.#index++;
    this.#header += HEADER + ((this.size + 7) & ~7);
  }
}

/** Where the first so many records of a slab end, of which there must be as many. */
export function endOfRecords(slab: Uint8Array, count: number): number {
  const records = new SlabRecords(slab, count);
  for (let i = 0; i < count; i++) records.step();
  return records.offset - HEADER;
}
