import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { compileCodec } from '../../../src/btf/codec.js';
import { Btf, type Codec, layoutOf } from '../../../src/btf/index.js';
import { BpfError } from '../../../src/errors.js';
import { anyType, exactType, type TypeSpec, wrongValues } from './arbitrary-type.js';
import { BtfBuilder } from './build-btf.js';

// Thousands of codecs are made here, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 });

interface Choices {
  littleEndian: boolean;
  u64: 'bigint' | 'number' | 'auto';
  partial: boolean;
}

const choices: fc.Arbitrary<Choices> = fc.record({
  littleEndian: fc.boolean(),
  u64: fc.constantFrom('bigint', 'number', 'auto'),
  partial: fc.boolean(),
});

function bothCodecs(
  spec: TypeSpec,
  { littleEndian, u64, partial }: Choices,
): [generated: Codec, closure: Codec] {
  const b = new BtfBuilder();
  const id = spec.build(b);
  const btf = Btf.parse(b.bytes({ littleEndian }));
  const layout = layoutOf(btf, id);
  const options = { typeName: btf.nameOf(id), littleEndian, u64, partial };
  return [
    compileCodec(layout, { ...options, backEnd: 'generated' }),
    compileCodec(layout, { ...options, backEnd: 'closure' }),
  ];
}

/** What came of a call, so that two can be compared: a value, or an error with its message. */
function outcome(act: () => unknown): unknown {
  try {
    return { value: act() };
  } catch (error) {
    expect(error).toBeInstanceOf(BpfError);
    const { code, message } = error as BpfError;
    return { code, message };
  }
}

/** Whether a decoded value says all that was encoded; a union also shows the members it was not encoded from. */
function agrees(decoded: unknown, encoded: unknown): boolean {
  if (typeof encoded !== 'object' || encoded === null || encoded instanceof Uint8Array) {
    return isDeepStrictEqual(decoded, encoded);
  }
  if (Array.isArray(encoded)) {
    return (
      Array.isArray(decoded) &&
      decoded.length === encoded.length &&
      encoded.every((element, i) => agrees(decoded[i], element))
    );
  }
  return Object.entries(encoded).every(([name, part]) =>
    agrees((decoded as Record<string, unknown>)[name], part),
  );
}

const typeAndValue = anyType.chain((spec) => fc.tuple(fc.constant(spec), spec.values));

test('what is encoded is decoded again', () => {
  fc.assert(
    fc.property(typeAndValue, fc.boolean(), ([spec, value], littleEndian) => {
      for (const codec of bothCodecs(spec, { littleEndian, u64: 'bigint', partial: false })) {
        expect(codec.size).toBe(spec.size);
        expect(agrees(codec.decode(codec.encode(value)), value)).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});

test('what is decoded is encoded again to what means the same, every member of a union included', () => {
  fc.assert(
    fc.property(typeAndValue, fc.boolean(), ([spec, value], littleEndian) => {
      for (const codec of bothCodecs(spec, { littleEndian, u64: 'bigint', partial: false })) {
        const decoded = codec.decode(codec.encode(value));
        expect(isDeepStrictEqual(codec.decode(codec.encode(decoded)), decoded)).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});

test('any bytes are decoded and encoded again to the same bytes, padding zeroed', () => {
  fc.assert(
    fc.property(
      exactType,
      fc.boolean(),
      fc.constantFrom('bigint', 'auto'),
      fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
      (spec, littleEndian, u64, noise) => {
        const bytes = Uint8Array.from({ length: spec.size }, () => noise.next().value);
        for (const codec of bothCodecs(spec, { littleEndian, u64, partial: false })) {
          const ones = new Uint8Array(spec.size).fill(0xff);
          const used = codec.encode(codec.decode(ones));
          expect(codec.encode(codec.decode(bytes))).toEqual(bytes.map((byte, i) => byte & (used[i] ?? 0)));
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('encoding writes the value alone, wherever it is put', () => {
  fc.assert(
    fc.property(typeAndValue, fc.nat(9), fc.boolean(), ([spec, value], offset, littleEndian) => {
      for (const codec of bothCodecs(spec, { littleEndian, u64: 'bigint', partial: false })) {
        const into = new Uint8Array(offset + spec.size + 5).fill(0xee);
        codec.encode(value, into, offset);
        expect(into.subarray(offset, offset + spec.size)).toEqual(codec.encode(value));
        into.fill(0xee, offset, offset + spec.size);
        expect(into.every((byte) => byte === 0xee)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test('both back ends decode any bytes alike', () => {
  fc.assert(
    fc.property(
      anyType,
      choices,
      fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
      (spec, chosen, noise) => {
        const [generated, closure] = bothCodecs(spec, chosen);
        const bytes = Uint8Array.from({ length: spec.size }, () => noise.next().value);
        const decoded = generated.decode(bytes);
        expect(isDeepStrictEqual(decoded, closure.decode(bytes))).toBe(true);
        expect(keys(decoded)).toEqual(keys(closure.decode(bytes)));
      },
    ),
    { numRuns: 1000 },
  );
});

test('both back ends encode any value alike, and refuse it in the same words', () => {
  const given = anyType.chain((spec) => fc.tuple(fc.constant(spec), wrongValues(spec)));
  fc.assert(
    fc.property(given, choices, ([spec, value], chosen) => {
      const [generated, closure] = bothCodecs(spec, chosen);
      expect(outcome(() => generated.encode(value))).toEqual(outcome(() => closure.encode(value)));
    }),
    { numRuns: 2000 },
  );
});

/** The names of every object in a value, in their order, which deep equality ignores. */
function keys(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
    ? Object.entries(value).map(([name, part]) => [name, keys(part)])
    : null;
}
