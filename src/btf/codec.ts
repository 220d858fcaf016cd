import { type BackEnd, bestBackEnd } from './back-end.js';
import type { Btf } from './btf.js';
import { declaredName } from './declared-name.js';
import type { DecodeRules, Reader, U64 } from './decode-rules.js';
import { closureDecoder } from './decoder-closure.js';
import { generatedDecoder } from './decoder-generated.js';
import type { EncodeRules } from './encode-rules.js';
import { closureEncoder } from './encoder-closure.js';
import { generatedEncoder } from './encoder-generated.js';
import type { Layout } from './layout.js';
import { layoutOf } from './layout-of.js';
import { locationOf } from './memory.js';
import { Place } from './place.js';
import { defaultLabel, fits, noRoom } from './room.js';
import { type Encode, encoderOf } from './scratch-encoder.js';

/**
 * Turns the bytes of one C type into JavaScript values and back.
 *
 * | C | JavaScript |
 * | --- | --- |
 * | integers and bitfields up to 32 bits | number |
 * | 64-bit integers, bitfields above 32 bits | as {@link CodecOptions.u64} says, bigint by default |
 * | `__int128`, pointers | bigint |
 * | `_Bool` | boolean |
 * | float, double | number |
 * | enum | the enumerator's name; a number (or, above 32 bits, as a 64-bit integer) when none has the value |
 * | array of `char` | string up to the first NUL |
 * | array of another one-byte integer | Uint8Array, a copy |
 * | any other array | array |
 * | struct, union, data section | object with every member, those of anonymous members included |
 */
export interface Codec<T = unknown> {
  /** The type as C names it, such as `struct event`. */
  readonly typeName: string;
  /** Its size in bytes. */
  readonly size: number;
  /**
   * Decodes one value.
   *
   * @param bytes - holds the value; may hold more
   * @param offset - where it begins, in bytes; 0 by default
   * @throws BpfError `ERR_BPF_VALUE_RANGE` when the bytes are too few
   */
  decode(bytes: Uint8Array, offset?: number): T;
  /**
   * Encodes one value, padding zeroed. Strict: every integer must fit, every field must be given, none may be unknown.
   * A union takes an object with one of its members, or with several that mean the same bytes, as what `decode` gives
   * does. Nothing is stored unless all of it can be.
   *
   * @param value - what `decode` gives; integers as number or bigint, enums also as integers, byte arrays also as
   * arrays of numbers
   * @param into - where to store it; fresh bytes by default
   * @param offset - where it begins in `into`, in bytes; 0 by default
   * @returns `into`, or the fresh bytes
   * @throws BpfError `ERR_BPF_VALUE_TYPE` for a wrong JavaScript type, an unknown or a missing field;
   * `ERR_BPF_VALUE_RANGE` for a value that does not fit, or an `into` without room
   */
  encode(value: T, into?: Uint8Array, offset?: number): Uint8Array;
}

/** Choices made once per codec. */
export interface CodecOptions {
  /** What 64-bit integers become; `bigint` by default. */
  u64?: U64 | undefined;
  /** Whether `encode` takes missing fields for zero; false by default. */
  partial?: boolean | undefined;
  /** What error messages call the value; by default the struct's name, or `value`. */
  label?: string | undefined;
}

/**
 * Makes the codec of a type. Make it once and keep it: making one costs far more than using it.
 *
 * @param btf - the BTF the type is in
 * @param typeId - any type with a size; a var stands for its type, a datasec for a struct of its vars
 * @param options - see {@link CodecOptions}
 * @throws BpfError `ERR_BPF_BTF` when the type has no size (void, a function, a forward declaration)
 * or its description contradicts itself
 */
export function codecFor<T = unknown>(btf: Btf, typeId: number, options: CodecOptions = {}): Codec<T> {
  const layout = layoutOf(btf, typeId);
  return compileCodec<T>(layout, {
    ...options,
    typeName: declaredName(btf, typeId),
    littleEndian: btf.littleEndian,
    backEnd: bestBackEnd(layout),
  });
}

/** What {@link compileCodec} needs beside a layout. */
export interface CompileOptions extends CodecOptions {
  typeName: string;
  littleEndian: boolean;
  backEnd: BackEnd;
}

/** Makes a codec from a layout with a back end of choice; the two differ in speed alone. */
export function compileCodec<T>(layout: Layout, options: CompileOptions): Codec<T> {
  const { typeName, littleEndian, backEnd, u64 = 'bigint', partial = false } = options;
  const { size } = layout;
  const label = options.label ?? defaultLabel(layout, typeName);
  const read = makeReader(backEnd, layout, { littleEndian, u64 });
  let write: Encode | undefined;
  return {
    typeName,
    size,
    decode(bytes: Uint8Array, offset = 0): T {
      if (!fits(bytes, offset, size)) {
        throw noRoom(bytes, offset, size, label);
      }
      const { memory, start } = locationOf(bytes);
      return read(memory.view, memory.bytes, start + offset) as T;
    },
    encode(value: T, into?: Uint8Array, offset = 0): Uint8Array {
      if (into !== undefined && !fits(into, offset, size)) {
        throw noRoom(into, offset, size, label);
      }
      // Most codecs only ever decode.
      write ??= makeEncode(backEnd, layout, Place.root(label), { littleEndian, u64, partial });
      return write(value, into, offset);
    },
  };
}

function makeReader(backEnd: BackEnd, layout: Layout, rules: DecodeRules): Reader {
  return backEnd === 'generated' ? generatedDecoder(layout, rules) : closureDecoder(layout, rules);
}

function makeEncode(backEnd: BackEnd, layout: Layout, place: Place, rules: EncodeRules): Encode {
  const make = backEnd === 'generated' ? generatedEncoder : closureEncoder;
  return encoderOf(layout, make(layout, place, rules), rules.partial);
}
