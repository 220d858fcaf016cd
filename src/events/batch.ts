import type { Codec, Cursor, Fields } from '../btf/index.js';
import { BpfError } from '../errors.js';
import type { RecordTypes } from '../object/index.js';
import { SlabRecords } from './slab-records.js';

/** Records that came out of a buffer together, decoded as they are asked for. */
export interface RecordBatch<Event> extends Iterable<Event> {
  /** How many records there are. */
  readonly length: number;
  /**
   * One record.
   *
   * @param index - from 0 to `length - 1`; records are found fastest in their order
   * @throws BpfError `ERR_BPF_VALUE_RANGE` when there is no such record, or it is too short for its type
   */
  decode(index: number): Event;
  /**
   * The records without objects made of them: a cursor that stands at one after the other, whose fields are read from
   * the batch's memory when they are asked for. For looking at a few fields of very many records.
   *
   * Every step gives the same object, and so do the structs within it: valid until the next step, so keep values, or
   * `decode(index)`, and not the cursor. Another loop has another cursor.
   *
   * @throws BpfError `ERR_BPF_ARGUMENT` when no struct is declared for the records; `ERR_BPF_VALUE_RANGE` for a
   *   record that is too short for it
   */
  cursors(): IterableIterator<Fields<Event>>;
  /**
   * A cursor at one record: always the same object, valid until the next call.
   *
   * @param index - as for {@link RecordBatch.decode}
   * @throws BpfError as `cursors()` and `decode()` do
   */
  cursor(index: number): Fields<Event>;
}

/** The first `length` records of a slab, which are of these types. */
export function recordsOf<Event>(
  slab: Uint8Array,
  length: number,
  types: RecordTypes<Event>,
): RecordBatch<Event> {
  return new SlabBatch(new SlabRecords(slab, length), types);
}

class SlabBatch<Event> implements RecordBatch<Event> {
  readonly #records: SlabRecords;
  readonly #types: RecordTypes<Event>;
  readonly #codec: Codec<Event>;
  #cursor: Cursor<Event> | undefined;

  constructor(records: SlabRecords, types: RecordTypes<Event>) {
    this.#records = records;
    this.#types = types;
    this.#codec = types.codec;
  }

  get length(): number {
    return this.#records.length;
  }

  decode(index: number): Event {
    this.#records.seek(index);
    return this.#decodeAt(this.#records);
  }

  /** The records, decoded one by one. */
  [Symbol.iterator](): IterableIterator<Event, undefined> {
    const { slab, length } = this.#records;
    const records = new SlabRecords(slab, length);
    let next = 0;
    // No generator: resuming one takes about as long as decoding a small event.
    const iterator: IterableIterator<Event, undefined> = {
      next: () => {
        if (next === length) return { done: true, value: undefined };
        if (next++ > 0) records.step();
        return { done: false, value: this.#decodeAt(records) };
      },
      [Symbol.iterator]: () => iterator,
    };
    return iterator;
  }

  cursor(index: number): Fields<Event> {
    this.#cursor ??= this.#makeCursor();
    return this.#move(this.#cursor, index);
  }

  cursors(): IterableIterator<Fields<Event>> {
    const { slab, length } = this.#records;
    const records = new SlabRecords(slab, length);
    const cursor = this.#makeCursor();
    // One result for all steps: on this path nothing is allocated for a record.
    const result: { done: boolean; value: Fields<Event> } = { done: false, value: cursor.fields };
    let next = 0;
    const iterator: IterableIterator<Fields<Event>> = {
      next: () => {
        if (next === length) {
          result.done = true;
          return result;
        }
        if (next++ > 0) records.step();
        this.#assertLongEnough(records);
        cursor.moveTo(slab, records.offset);
        return result;
      },
      [Symbol.iterator]: () => iterator,
    };
    return iterator;
  }

  #makeCursor(): Cursor<Event> {
    const Cursor = this.#types.cursors;
    if (Cursor) return new Cursor();
    throw new BpfError('these records have no fields that a cursor could show', {
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
      hint: 'declare a struct as their type with __type(value, ...), or iterate over the batch itself',
    });
  }

  #move(cursor: Cursor<Event>, index: number): Fields<Event> {
    const records = this.#records;
    records.seek(index);
    this.#assertLongEnough(records);
    return cursor.moveTo(records.slab, records.offset);
  }

  #decodeAt(records: SlabRecords): Event {
    const codec = this.#codec;
    const { slab, offset, size } = records;
    // Without a declared type the codec has size 0, and the records are whatever they are.
    if (codec.size === 0) return slab.slice(offset, offset + size) as Event;
    this.#assertLongEnough(records);
    return codec.decode(slab, offset);
  }

  #assertLongEnough({ size }: SlabRecords): void {
    const { typeName, size: needed } = this.#codec;
    if (size >= needed) return;
    throw new BpfError(`a record of ${size} bytes is too short for ${typeName}, which takes ${needed}`, {
      code: 'ERR_BPF_VALUE_RANGE',
      reason: 'input',
      hint: 'declare the type of the records with __type(value, ...) as the programs submit them',
    });
  }
}
