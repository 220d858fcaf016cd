import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Btf, codecFor, layoutOf } from '../../../src/btf/index.js';
import { BpfError } from '../../../src/errors.js';
import { BtfBuilder } from './build-btf.js';
import { thrownBy } from './thrown.js';

/** A small object's worth of BTF, with most kinds in it. */
function sample(): BtfBuilder {
  const b = new BtfBuilder();
  const int = b.int('int', 4, { signed: true });
  const u64 = b.typedef('u64', b.int('unsigned long', 8));
  const comm = b.array(b.int('char', 1, { signed: true }), 16);
  const kind = b.enum('kind', { OPEN: 1, CLOSE: 2 });
  const inner = b.union('', 8, [
    ['id', u64, 0],
    ['pair', b.array(int, 2), 0],
  ]);
  const event = b.struct('event', 48, [
    ['time', u64, 0],
    ['comm', comm, 64, 0],
    ['kind', kind, 192, 0],
    ['low', int, 224, 3],
    ['high', int, 227, 29],
    ['', inner, 256, 0],
    ['file', b.ptr(b.const(b.fwd('file'))), 320, 0],
  ]);
  const variable = b.var('last', event);
  b.datasec('.data', 64, [[variable, 8, 48]]);
  b.func('run', b.funcProto(int, [['ctx', b.ptr(event)]]));
  b.enum64('wide', { BIG: 1n << 40n });
  b.float('double', 8);
  b.declTag('tag', event, 2);
  return b;
}

/** Asks a BTF everything it can be asked; only a BpfError may come of it. */
function exercise(bytes: Uint8Array): void {
  const allowed = (act: () => unknown) => {
    try {
      return act();
    } catch (error) {
      expect(error).toBeInstanceOf(BpfError);
      expect((error as BpfError).code).toMatch(/^ERR_BPF_(BTF|VALUE_TYPE|VALUE_RANGE)$/);
      return undefined;
    }
  };
  const btf = allowed(() => Btf.parse(bytes)) as Btf | undefined;
  if (!btf) {
    return;
  }
  allowed(() => btf.find('event'));
  for (let id = 0; id <= btf.types; id++) {
    allowed(() => btf.type(id));
    allowed(() => btf.nameOf(id));
    allowed(() => btf.resolve(id));
    allowed(() => btf.sizeOf(id));
    allowed(() => {
      if (layoutOf(btf, id).size <= 65_536) {
        const codec = codecFor(btf, id, { partial: true });
        codec.encode(codec.decode(new Uint8Array(codec.size)));
      }
    });
  }
}

test('the sample itself is sound', () => {
  const btf = Btf.parse(sample().bytes());
  const codec = codecFor(btf, btf.find('event', 'struct') ?? 0);
  expect(codec.decode(new Uint8Array(codec.size))).toHaveProperty('file', 0n);
});

test('BTF cut off at any length is refused with a reason', () => {
  const bytes = sample().bytes();
  for (let length = 0; length < bytes.length; length++) {
    const error = thrownBy(() => Btf.parse(bytes.subarray(0, length)));
    expect(error).toMatchObject({ code: 'ERR_BPF_BTF', message: expect.stringMatching(/^malformed BTF: ./) });
  }
});

test.each([true, false])('damaged bytes cause nothing but a BpfError (little endian: %s)', (littleEndian) => {
  const sound = sample().bytes({ littleEndian });
  const damage = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(damage, (changes) => {
      const bytes = sound.slice();
      for (const [at, value] of changes) {
        bytes[at] = value;
      }
      exercise(bytes);
    }),
    { numRuns: 600 },
  );
});

test('random bytes behind a sound header cause nothing but a BpfError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 40 }), (types, strings) => {
      const bytes = new Uint8Array(24 + types.length + strings.length + 2);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, 0xeb9f, true);
      view.setUint8(2, 1);
      [24, 0, types.length, types.length, strings.length + 2].map((word, i) =>
        view.setUint32(4 + 4 * i, word, true),
      );
      bytes.set(types, 24);
      bytes.set(strings, 25 + types.length);
      exercise(bytes);
    }),
    { numRuns: 600 },
  );
});

const refused: [what: string, build: (b: BtfBuilder) => number, message: RegExp][] = [
  ['a typedef of itself', (b) => b.typedef('t', 1), /back to itself/],
  [
    'typedefs in a circle',
    (b) => {
      b.typedef('a', 2);
      return b.const(1);
    },
    /back to itself/,
  ],
  ['a struct containing itself', (b) => b.struct('s', 4, [['s', 1, 0]]), /contains itself/],
  ['an array of itself', (b) => b.array(1, 2), /contains itself/],
  ['a var of itself', (b) => b.var('v', 1), /itself/],
  ['a type that does not exist', (b) => b.typedef('t', 99), /type \[99\]/],
  ['an array beyond memory', (b) => b.array(b.int('u64', 8), 0xffffffff), /too large/],
  ['a struct beyond memory', (b) => b.struct('s', 0xffffffff, []), /too large/],
  ['an int of no size', (b) => b.int('odd', 3), /has 3 bytes/],
  ['an int narrower than its storage', (b) => b.int('odd', 4, { bits: 5 }), /5 bits/],
  ['a member past the end', (b) => b.struct('s', 4, [['x', b.int('u64', 8), 0]]), /takes bytes 0 to 8 of 4/],
  [
    'a bitfield past the end',
    (b) => b.struct('s', 4, [['x', b.int('u32', 4), 30, 5]]),
    /takes bytes 3 to 5 of 4/,
  ],
  ['a bitfield wider than its type', (b) => b.struct('s', 8, [['x', b.int('u32', 4), 0, 33]]), /33 bits/],
  ['a bitfield of pointers', (b) => b.struct('s', 8, [['x', b.ptr(0), 0, 3]]), /bitfield of ptr/],
  ['a forward declaration', (b) => b.fwd('f'), /no values/],
  ['a function', (b) => b.func('f', b.funcProto(0, [])), /no values/],
  ['a tag', (b) => b.declTag('t', b.int('int', 4)), /no values/],
  [
    'a section whose size was never filled in',
    (b) => b.datasec('.data', 0, [[b.var('v', b.int('int', 4)), 0, 4]]),
    /libbpf/,
  ],
  [
    'a section of functions',
    (b) => b.datasec('.ksyms', 8, [[b.func('f', b.funcProto(0, [])), 0, 8]]),
    /no variable/,
  ],
];

test.each(refused)('%s gets no codec', (_, build, message) => {
  const b = new BtfBuilder();
  const id = build(b);
  const btf = Btf.parse(b.bytes());
  expect(thrownBy(() => codecFor(btf, id))).toMatchObject({
    code: 'ERR_BPF_BTF',
    message: expect.stringMatching(message),
  });
});

test('void gets no codec', () => {
  expect(thrownBy(() => codecFor(Btf.parse(new BtfBuilder().bytes()), 0)).message).toMatch(/void/);
});

test('small BTF cannot unfold into endless work', () => {
  const b = new BtfBuilder();
  let empty = b.struct('e0', 0, []);
  const members = (type: number) => Array.from({ length: 200 }, (_, i) => [`m${i}`, type, 0] as const);
  for (let depth = 1; depth < 8; depth++) {
    empty = b.struct(`e${depth}`, 0, members(empty));
  }
  let nested = b.int('u8', 1);
  const none = b.struct('none', 0, []);
  nested = none;
  for (let depth = 0; depth < 8; depth++) {
    nested = b.array(nested, 60_000);
  }
  const btf = Btf.parse(b.bytes());
  expect(thrownBy(() => codecFor(btf, empty)).message).toMatch(/too large/);
  expect(thrownBy(() => codecFor(btf, nested)).message).toMatch(/too large/);
});

test('a name of a million bytes is refused, not read', () => {
  const b = new BtfBuilder();
  const id = b.typedef('x'.repeat(1_000_000), 0);
  const btf = Btf.parse(b.bytes());
  expect(thrownBy(() => btf.nameOf(id)).message).toMatch(/longer than 4096/);
});

test('names that lead to one another without end are cut short', () => {
  const b = new BtfBuilder();
  const proto = b.funcProto(
    1,
    Array.from({ length: 10 }, () => ['', 1] as const),
  );
  const pointer = b.ptr(3);
  const btf = Btf.parse(b.bytes());
  expect(btf.nameOf(proto).length).toBeLessThan(10_000);
  expect(thrownBy(() => btf.nameOf(pointer))).toMatchObject({ code: 'ERR_BPF_BTF' });
});

const headers: [what: string, change: (view: DataView) => void, message: RegExp][] = [
  ['another magic', (view) => view.setUint16(0, 0x464c, true), /0x464c/],
  ['another version', (view) => view.setUint8(2, 2), /version 2/],
  ['flags', (view) => view.setUint8(3, 1), /flags 1/],
  ['a header longer than the bytes', (view) => view.setUint32(4, 0xfffffff0, true), /header of 4294967280/],
  ['a header shorter than a header', (view) => view.setUint32(4, 20, true), /header of 20/],
  ['types beyond the bytes', (view) => view.setUint32(12, 0xffffffff, true), /type section/],
  ['names beyond the bytes', (view) => view.setUint32(16, 0xffffffff, true), /string section/],
  ['no names', (view) => view.setUint32(20, 0, true), /string section is empty/],
  ['names without an end', (view) => view.setUint32(20, 3, true), /end with a NUL/],
  ['names without a beginning', (view) => view.setUint32(16, 1 + view.getUint32(16, true), true), /./],
];

test.each(headers)('a header with %s is refused', (_, change, message) => {
  const bytes = sample().bytes();
  change(new DataView(bytes.buffer));
  expect(thrownBy(() => Btf.parse(bytes))).toMatchObject({
    code: 'ERR_BPF_BTF',
    message: expect.stringMatching(message),
  });
});
