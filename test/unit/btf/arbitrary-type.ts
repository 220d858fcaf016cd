import fc from 'fast-check';
import type { BtfBuilder, MemberSpec } from './build-btf.js';

/** A C type to be built, with a size in bytes and the values that fit it. */
export interface TypeSpec {
  readonly size: number;
  /** Adds the type to a BTF and gives its id. */
  readonly build: (b: BtfBuilder) => number;
  /** Values that a codec with bigints for 64-bit integers must give back as they were. */
  readonly values: fc.Arbitrary<unknown>;
  /** Set for one-byte integers, arrays of which are bytes to a codec. */
  readonly isByte?: boolean;
}

type Composite = 'struct' | 'union';

/** A member; those with a width in bits follow each other without a gap. */
interface MemberPlan {
  readonly spec: TypeSpec;
  readonly gap: number;
  readonly bits: number | undefined;
}

const integer: fc.Arbitrary<TypeSpec> = fc
  .record({ size: fc.constantFrom(1, 2, 4, 8, 16), signed: fc.boolean() })
  .map(({ size, signed }) => ({
    size,
    build: (b) => b.int('integer', size, { signed }),
    values: integers(size * 8, signed, size > 4),
    isByte: size === 1,
  }));

const bool: fc.Arbitrary<TypeSpec> = fc.constant({
  size: 1,
  build: (b) => b.int('_Bool', 1, { bool: true }),
  values: fc.boolean(),
});

const float: fc.Arbitrary<TypeSpec> = fc.constantFrom(4, 8).map((size) => ({
  size,
  build: (b) => b.float('float', size),
  values: size === 4 ? fc.float() : fc.double(),
}));

const oddFloat: fc.Arbitrary<TypeSpec> = fc.constantFrom(2, 12, 16).map((size) => ({
  size,
  build: (b) => b.float('long double', size),
  values: fc.uint8Array({ minLength: size, maxLength: size }),
}));

const pointer: fc.Arbitrary<TypeSpec> = fc.constant({
  size: 8,
  build: (b) => b.ptr(0),
  values: integers(64, false, true),
});

const enumeration: fc.Arbitrary<TypeSpec> = fc
  .record({ size: fc.constantFrom(1, 2, 4), signed: fc.boolean() })
  .map(({ size, signed }) => ({
    size,
    build: (b) => b.enum('color', { RED: 0, BLUE: 100, AGAIN: 100, LAST: 127 }, { size, signed }),
    values: fc.oneof(
      fc.constantFrom('RED', 'BLUE', 'LAST'),
      integers(size * 8, signed, false).filter((value) => ![0, 100, 127].includes(Number(value))),
    ),
  }));

const enumeration64: fc.Arbitrary<TypeSpec> = fc.boolean().map((signed) => ({
  size: 8,
  build: (b) => b.enum64('wide', { TOP: 1n << 62n, ONE: 1n }, { signed }),
  values: fc.oneof(
    fc.constantFrom('TOP', 'ONE'),
    integers(64, signed, true).filter((value) => value !== 1n && value !== 1n << 62n),
  ),
}));

const text: fc.Arbitrary<TypeSpec> = fc.oneof(fc.nat(40), fc.constant(16)).map((size) => ({
  size,
  build: (b) => b.array(b.int('char', 1, { signed: true }), size),
  values: fc
    .string({ unit: 'binary', maxLength: size })
    .filter((value) => !value.includes('\0') && Buffer.byteLength(value) < Math.max(size, 1)),
}));

const octets: fc.Arbitrary<TypeSpec> = fc.nat(20).map((size) => ({
  size,
  build: (b) => b.array(b.int('unsigned char', 1), size),
  values: fc.uint8Array({ minLength: size, maxLength: size }),
}));

/** Random C types: every scalar, arrays, structs with gaps, bitfields and anonymous members, unions. */
export const anyType: fc.Arbitrary<TypeSpec> = typesOf(
  fc.oneof(integer, bool, float, oddFloat, pointer, enumeration, enumeration64, text, octets),
);

/** Those of them whose values keep every bit: text ends at its NUL, any bit set is true, and a NaN is any NaN. */
export const exactType: fc.Arbitrary<TypeSpec> = typesOf(
  fc.oneof(integer, oddFloat, pointer, enumeration, enumeration64, octets),
);

function typesOf(leaves: fc.Arbitrary<TypeSpec>): fc.Arbitrary<TypeSpec> {
  return fc.letrec<{ type: TypeSpec; array: TypeSpec; record: TypeSpec }>((tie) => ({
    type: fc.oneof(
      { maxDepth: 3, depthSize: 'small', withCrossShrink: true },
      leaves,
      tie('array'),
      tie('record'),
    ),
    array: fc.tuple(tie('type'), fc.nat(4)).map(([element, count]) => arrayOf(element, count)),
    record: fc
      .tuple(
        fc.array(fc.record({ spec: tie('type'), gap: fc.nat(3), bits: fc.constant(undefined) }), {
          maxLength: 4,
        }),
        fc.array(bitfield(), { maxLength: 5 }),
        fc.constantFrom<Composite>('struct', 'union'),
        fc.option(fc.constantFrom<Composite>('struct', 'union'), { nil: undefined }),
      )
      .map(([members, bitfields, outer, inner]) => recordOf([...members, ...bitfields], outer, inner)),
  })).type;
}

/** Values for a type among which any part may be wrong. */
export function wrongValues(spec: TypeSpec): fc.Arbitrary<unknown> {
  const junk = fc.oneof(
    fc.anything(),
    fc.bigInt(),
    fc.double(),
    fc.integer(),
    fc.string(),
    fc.constant(undefined),
  );
  return fc.oneof(
    junk,
    fc.tuple(spec.values, fc.array(fc.nat(), { maxLength: 6 }), junk).map(([value, path, wrong]) => {
      return replaceAt(value, path, wrong);
    }),
  );
}

function replaceAt(value: unknown, [step, ...rest]: readonly number[], wrong: unknown): unknown {
  if (step === undefined || typeof value !== 'object' || value === null) {
    return wrong;
  }
  if (value instanceof Uint8Array) {
    return wrong;
  }
  if (Array.isArray(value)) {
    return value.map((element, i) => (i === step % value.length ? replaceAt(element, rest, wrong) : element));
  }
  const entries = Object.entries(value);
  const chosen = step % (entries.length + 1);
  const changed = entries.map(([key, part], i) => [key, i === chosen ? replaceAt(part, rest, wrong) : part]);
  return Object.fromEntries(chosen === entries.length ? [...changed, ['unknown', wrong]] : changed);
}

function bitfield(): fc.Arbitrary<MemberPlan> {
  return fc
    .record({
      size: fc.constantFrom(1, 2, 4, 8),
      signed: fc.boolean(),
      width: fc.integer({ min: 1, max: 64 }),
    })
    .map(({ size, signed, width }) => {
      const bits = Math.min(width, size * 8);
      return {
        gap: 0,
        bits,
        spec: {
          size,
          build: (b: BtfBuilder) => b.int('integer', size, { signed }),
          values: integers(bits, signed, bits > 32),
        },
      };
    });
}

function integers(bits: number, signed: boolean, big: boolean): fc.Arbitrary<number | bigint> {
  const span = 1n << BigInt(bits);
  const range = signed ? { min: -span / 2n, max: span / 2n - 1n } : { min: 0n, max: span - 1n };
  const values = fc.oneof(fc.bigInt(range), fc.constantFrom(range.min, range.max));
  return big ? values : values.map(Number);
}

function arrayOf(element: TypeSpec, count: number): TypeSpec {
  const length = { minLength: count, maxLength: count };
  return {
    size: element.size * count,
    build: (b) => b.array(element.build(b), count),
    values: element.isByte ? fc.uint8Array(length) : fc.array(element.values, length),
  };
}

/** A struct or union of members in a row; `inner` puts the second half into an anonymous struct or union. */
function recordOf(plans: readonly MemberPlan[], outer: Composite, inner: Composite | undefined): TypeSpec {
  const placed = inRow(plans);
  const size = Math.ceil(Math.max(0, ...placed.map(({ end }) => end)) / 8);
  const split = inner ? Math.ceil(placed.length / 2) : placed.length;
  const halves = [placed.slice(0, split), placed.slice(split)] as const;
  return {
    size,
    build: (b) => {
      const [own, anonymous] = halves.map((half) =>
        half.map(({ name, spec, first, bits }): MemberSpec => [name, spec.build(b), first, bits ?? 0]),
      );
      const nested: MemberSpec[] = inner ? [['', b[inner]('', size, anonymous ?? []), 0, 0]] : [];
      return b[outer]('record', size, [...(own ?? []), ...nested]);
    },
    values: recordValues(
      halves[0],
      outer,
      inner && halves[1].length > 0 ? membersOf(halves[1], inner) : undefined,
    ),
  };
}

interface Placed {
  readonly name: string;
  readonly spec: TypeSpec;
  readonly bits: number | undefined;
  /** The first bit, and the bit after the last. */
  readonly first: number;
  readonly end: number;
}

function inRow(plans: readonly MemberPlan[]): Placed[] {
  let bit = 0;
  return plans.map(({ spec, gap, bits }, i) => {
    const first = bits === undefined ? (Math.ceil(bit / 8) + gap) * 8 : bit;
    bit = first + (bits ?? spec.size * 8);
    return { name: `m${i}`, spec, bits, first, end: bit };
  });
}

function recordValues(
  own: readonly Placed[],
  outer: Composite,
  anonymous: fc.Arbitrary<object> | undefined,
): fc.Arbitrary<unknown> {
  if (!anonymous) {
    return membersOf(own, outer);
  }
  return outer === 'struct'
    ? fc.tuple(membersOf(own, outer), anonymous).map(([a, b]) => ({ ...a, ...b }))
    : fc.oneof(anonymous, ...own.map(alone));
}

/** All the members of a struct, or one of a union's. */
function membersOf(members: readonly Placed[], kind: Composite): fc.Arbitrary<object> {
  if (kind === 'union' && members.length > 0) {
    return fc.oneof(...members.map(alone));
  }
  return fc.record(Object.fromEntries(members.map(({ name, spec }) => [name, spec.values])));
}

function alone({ name, spec }: Placed): fc.Arbitrary<object> {
  return spec.values.map((value) => ({ [name]: value }));
}
