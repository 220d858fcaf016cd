import type { Codec, Cursor, CursorClass, Fields } from '../btf/index.js';
import { BpfError } from '../errors.js';
import { SlabRecords } from './slab-records.js';

/** Records that came out of a ring buffer together, decoded as they are asked for. */
export interface RingBatch<Event> extends Iterable<Event> {
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
   * @throws BpfError `ERR_BPF_ARGUMENT` when the ring declares no struct for its records; `ERR_BPF_VALUE_RANGE` for a
   *   record that is too short for it
   */
  cursors(): IterableIterator<Fields<Event>>;
  /**
   * A cursor at one record: always the same object, valid until the next call.
   *
   * @param index - as for {@link RingBatch.decode}
   * @throws BpfError as `cursors()` and `decode()` do
   */
  cursor(index: number): Fields<Event>;
}

/** Gives the cursors over the records of a map; undefined when they are of no declared struct. */
export interface CursorSource<Event> {
  readonly recordCursors: CursorClass<Event> | undefined;
}

/**
 * The first `length` records of a slab.
 *
 * @param codec - decodes them; of size 0 when they are of no declared type
 * @param source - asked for cursors when the first is wanted
 */
export function recordsOf<Event>(
  slab: Uint8Array,
  length: number,
  codec: Codec<Event>,
  source?: CursorSource<Event>,
): RingBatch<Event> {
  return new SlabBatch(new SlabRecords(slab, length), codec, source);
}

class SlabBatch<Event> implements RingBatch<Event> {
  readonly #records: SlabRecords;
  readonly #codec: Codec<Event>;
  readonly #source: CursorSource<Event> | undefined;
  #cursor: Cursor<Event> | undefined;

  constructor(records: SlabRecords, codec: Codec<Event>, source: CursorSource<Event> | undefined) {
    this.#records = records;
    this.#codec = codec;
    this.#source = source;
  }

  get length(): number {
    return this.#records.length;
  }

  decode(index: number): Event {
    this.#records.seek(index);
    return this.#decodeAt(this.#records);
  }

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
    const Cursor = this.#source?.recordCursors;
    if (Cursor) return new Cursor();
    throw new BpfError('the records of this ring buffer have no fields that a cursor could show', {
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
    // A ring buffer without a declared type: its codec has size 0 and the records are whatever they are.
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
