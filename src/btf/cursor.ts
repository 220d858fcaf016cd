import { type BackEnd, bestBackEnd } from './back-end.js';
import type { Btf } from './btf.js';
import { btfError } from './btf-error.js';
import type { CodecOptions, CompileOptions } from './codec.js';
import { declaredName } from './declared-name.js';
import { closureFields } from './fields-closure.js';
import { generatedFields } from './fields-generated.js';
import type { Layout, RecordLayout } from './layout.js';
import { layoutOf } from './layout-of.js';
import { locationOf } from './memory.js';
import { defaultLabel, fits, noRoom } from './room.js';
import type { Fields } from './value-types.js';

/**
 * Reads a struct in place, without making an object of it: for looking at a few fields of very many records.
 *
 * ```ts
 * const cursor = new EventCursor();
 * for (let at = 0; at < bytes.length; at += EventCursor.size) {
 *   if (cursor.moveTo(bytes, at).pid === 1) found++;
 * }
 * ```
 */
export interface Cursor<T = unknown> {
  /**
   * The fields of the record the cursor is at, each decoded as a codec decodes it, at the moment it is read. It is the
   * same object for every record, and so are those of the structs within: take out what is to be kept. Before the first
   * move all fields are zero.
   */
  readonly fields: Fields<T>;
  /**
   * Moves to a record.
   *
   * @param bytes - hold the record; may hold more. They are not copied: fields show what they hold when read.
   * @param offset - where the record begins, in bytes; 0 by default
   * @returns {@link Cursor.fields}
   * @throws BpfError `ERR_BPF_VALUE_RANGE` when the bytes are too few
   */
  moveTo(bytes: Uint8Array, offset?: number): Fields<T>;
}

/** The cursors over one type. */
export interface CursorClass<T = unknown> {
  /** The type as C names it, such as `struct event`. */
  readonly typeName: string;
  /** Its size in bytes. */
  readonly size: number;
  new (): Cursor<T>;
}

/** Choices made once per class of cursors. */
export type CursorOptions = Pick<CodecOptions, 'u64' | 'label'>;

/**
 * Makes the class of cursors over a type. Make it once and keep it: making one costs far more than using it.
 *
 * @param btf - the BTF the type is in
 * @param typeId - a struct, a union or a data section
 * @param options - see {@link CursorOptions}
 * @throws BpfError `ERR_BPF_BTF` when the type has no fields, or its description contradicts itself
 */
export function cursorFor<T = unknown>(
  btf: Btf,
  typeId: number,
  options: CursorOptions = {},
): CursorClass<T> {
  const layout = layoutOf(btf, typeId);
  return compileCursor<T>(layout, {
    ...options,
    typeName: declaredName(btf, typeId),
    littleEndian: btf.littleEndian,
    backEnd: bestBackEnd(layout),
  });
}

/** Makes cursors from a layout with a back end of choice; the two differ in speed alone. */
export function compileCursor<T>(layout: Layout, options: Omit<CompileOptions, 'partial'>): CursorClass<T> {
  const { typeName, littleEndian, backEnd, u64 = 'bigint' } = options;
  const { size } = layout;
  const label = options.label ?? defaultLabel(layout, typeName);
  if (layout.kind !== 'struct' && layout.kind !== 'union') {
    throw btfError(`${typeName} has no fields that a cursor could show`);
  }
  const maker = MAKERS[backEnd](layout, { littleEndian, u64 });
  return class implements Cursor<T> {
    static readonly typeName: string = typeName;
    static readonly size: number = size;
    readonly #fields = maker.make();

    constructor() {
      this.moveTo(new Uint8Array(size));
    }

    get fields(): Fields<T> {
      return this.#fields as Fields<T>;
    }

    moveTo(bytes: Uint8Array, offset = 0): Fields<T> {
      if (!fits(bytes, offset, size)) {
        throw noRoom(bytes, offset, size, label);
      }
      const { memory, start } = locationOf(bytes);
      maker.move(this.#fields, memory.view, memory.bytes, start + offset);
      return this.fields;
    }
  };
}

const MAKERS = {
  generated: generatedFields,
  closure: closureFields,
} satisfies Record<BackEnd, (layout: RecordLayout, rules: never) => unknown>;
