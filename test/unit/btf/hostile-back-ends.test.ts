import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { compileCodec } from '../../../src/btf/codec.js';
import { compileCursor } from '../../../src/btf/cursor.js';
import { Btf, type Layout, layoutOf } from '../../../src/btf/index.js';
import { namedMembers } from '../../../src/btf/layout.js';
import { BpfError } from '../../../src/errors.js';
import { anyType, type TypeSpec } from './arbitrary-type.js';
import { BtfBuilder } from './build-btf.js';

vi.setConfig({ testTimeout: 120_000 });

/** A value, or an error with its message. */
function outcome(act: () => unknown): unknown {
  try {
    return { value: act() };
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    return { code: error.code, message: error.message };
  }
}

/** How many values a decoded value has: elements without a size cost nothing in bytes, and time all the same. */
function valuesOf(layout: Layout): number {
  if (layout.kind === 'array') return layout.element ? layout.count * valuesOf(layout.element) : 0;
  if (layout.kind !== 'struct' && layout.kind !== 'union') return 1;
  return namedMembers(layout).reduce((sum, member) => sum + valuesOf(member.layout), 1);
}

/** What a back end makes of a type, as far as it gets, and of bytes. */
function madeBy(backEnd: 'generated' | 'closure', btf: Btf, id: number, noise: Uint8Array): unknown {
  return outcome(() => {
    const layout = layoutOf(btf, id);
    if (layout.size > noise.length || valuesOf(layout) > 4096) return 'too large for this test';
    const options = { typeName: 'type', littleEndian: true, partial: true, backEnd };
    const codec = compileCodec(layout, options);
    const decoded = outcome(() => codec.decode(noise));
    // Decoded once more: which NaN a NaN becomes is nobody's business.
    const encoded = outcome(() => codec.decode(codec.encode(codec.decode(noise))));
    if (layout.kind !== 'struct' && layout.kind !== 'union') return { decoded, encoded };
    const fields = new (compileCursor<Record<string, unknown>>(layout, options))().moveTo(noise);
    const leaves = namedMembers(layout).filter(
      ({ layout: { kind } }) => kind !== 'struct' && kind !== 'union',
    );
    return { decoded, encoded, read: leaves.map(({ name }) => outcome(() => fields[name])) };
  });
}

function damagedBtf(spec: TypeSpec, damage: readonly (readonly [at: number, value: number])[]): Uint8Array {
  const b = new BtfBuilder();
  spec.build(b);
  const bytes = b.bytes();
  for (const [at, value] of damage) bytes[at % bytes.length] = value;
  return bytes;
}

test('both back ends make the same of damaged types, and of any bytes', () => {
  let parsed = 0;
  fc.assert(
    fc.property(
      anyType,
      fc.array(fc.tuple(fc.nat(0xffff), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
      fc.uint8Array({ minLength: 512, maxLength: 512 }),
      (spec, damage, noise) => {
        const bytes = damagedBtf(spec, damage);
        const btf = outcome(() => Btf.parse(bytes)) as { value?: Btf };
        if (!btf.value) return;
        parsed++;
        for (let id = 1; id <= btf.value.types; id++) {
          expect(madeBy('generated', btf.value, id, noise)).toEqual(madeBy('closure', btf.value, id, noise));
        }
      },
    ),
    { numRuns: 1000 },
  );
  expect(parsed).toBeGreaterThan(200);
});
