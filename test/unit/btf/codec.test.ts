import { describe, expect, test } from 'vitest';
import { type CompileOptions, compileCodec } from '../../../src/btf/codec.js';
import { Btf, type Codec, codecFor, layoutOf } from '../../../src/btf/index.js';
import { BtfBuilder } from './build-btf.js';
import { thrownBy } from './thrown.js';

type Options = Partial<CompileOptions>;

const cases = (['generated', 'closure'] as const).flatMap((backEnd) =>
  [true, false].map((littleEndian) => ({
    backEnd,
    littleEndian,
    order: littleEndian ? 'little endian' : 'big endian',
  })),
);

describe.each(cases)('the $backEnd codec in $order', ({ backEnd, littleEndian }) => {
  /** The codec of the type a builder ends with. */
  function codec(build: (b: BtfBuilder) => number, options: Options = {}): Codec {
    const b = new BtfBuilder();
    const id = build(b);
    const btf = Btf.parse(b.bytes({ littleEndian }));
    return compileCodec(layoutOf(btf, id), { typeName: btf.nameOf(id), littleEndian, backEnd, ...options });
  }

  /** The bytes of an integer in the byte order under test. */
  function int(value: bigint | number, size: number): Uint8Array {
    const bytes = Array.from({ length: size }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
    return Uint8Array.from(littleEndian ? bytes : bytes.reverse());
  }

  const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

  describe('integers', () => {
    test.each([
      [1, false, 255],
      [1, true, -128],
      [2, false, 65535],
      [2, true, -32768],
      [4, false, 4294967295],
      [4, true, -2147483648],
    ])('of %i bytes, signed %s, are numbers', (size, signed, value) => {
      const c = codec((b) => b.int('x', size, { signed }));
      expect(c.decode(int(value, size))).toBe(value);
      expect(c.encode(value)).toEqual(int(value, size));
      expect(c.encode(BigInt(value))).toEqual(int(value, size));
    });

    test.each([
      ['bigint', false, 2n ** 64n - 1n, 2n ** 64n - 1n],
      ['bigint', true, -5n, -5n],
      ['number', false, 2n ** 53n + 1n, 2 ** 53],
      ['number', true, -5n, -5],
      ['number', true, -(2n ** 63n), -(2 ** 63)],
      ['auto', false, 2n ** 53n - 1n, 2 ** 53 - 1],
      ['auto', false, 2n ** 53n, 2n ** 53n],
      ['auto', true, -(2n ** 53n) + 1n, -(2 ** 53) + 1],
      ['auto', true, -(2n ** 53n), -(2n ** 53n)],
    ] as const)('of 8 bytes as %s, signed %s: %s is %s', (u64, signed, stored, shown) => {
      const c = codec((b) => b.int('x', 8, { signed }), { u64 });
      expect(c.decode(int(stored, 8))).toBe(shown);
      expect(c.encode(stored)).toEqual(int(stored, 8));
    });

    test.each([
      [false, 2n ** 128n - 1n],
      [true, -(2n ** 127n)],
      [true, -3n],
    ])('of 16 bytes, signed %s, are bigints: %s', (signed, value) => {
      const c = codec((b) => b.int('__int128', 16, { signed }), { u64: 'number' });
      expect(c.decode(int(value, 16))).toBe(value);
      expect(c.encode(value)).toEqual(int(value, 16));
    });

    test.each([
      [1, false, 300, 'value: 300 does not fit in number_t (0 to 255)'],
      [1, false, -1, 'value: -1 does not fit in number_t (0 to 255)'],
      [4, false, 2 ** 32, 'value: 4294967296 does not fit in number_t (0 to 4294967295)'],
      [4, true, -(2 ** 31) - 1, 'value: -2147483649 does not fit in number_t (-2147483648 to 2147483647)'],
      [4, true, 1.5, 'value: 1.5 does not fit in number_t (-2147483648 to 2147483647)'],
      [4, true, Number.NaN, 'value: NaN does not fit in number_t (-2147483648 to 2147483647)'],
      [
        4,
        true,
        Number.POSITIVE_INFINITY,
        'value: Infinity does not fit in number_t (-2147483648 to 2147483647)',
      ],
      [4, false, 2n ** 40n, 'value: 1099511627776 does not fit in number_t (0 to 4294967295)'],
      [
        8,
        false,
        2n ** 64n,
        'value: 18446744073709551616 does not fit in number_t (0 to 18446744073709551615)',
      ],
      [8, false, 2 ** 53, 'value: 9007199254740992 is not a safe integer and may be inexact: pass a bigint'],
    ])('of %i bytes, signed %s, refuse %s', (size, signed, value, message) => {
      const c = codec((b) => b.typedef('number_t', b.int('x', size, { signed })));
      expect(thrownBy(() => c.encode(value))).toMatchObject({ code: 'ERR_BPF_VALUE_RANGE', message });
    });

    test.each([['7'], [true], [null], [undefined], [[7]], [{}], [() => 7], [Symbol('7')]])(
      'refuse %s, which is no number',
      (value) => {
        for (const size of [1, 4, 8, 16]) {
          expect(thrownBy(() => codec((b) => b.int('x', size)).encode(value)).code).toBe(
            'ERR_BPF_VALUE_TYPE',
          );
        }
      },
    );
  });

  test('booleans are any bit set, and take nothing but true and false', () => {
    for (const build of [
      (b: BtfBuilder) => b.int('_Bool', 1),
      (b: BtfBuilder) => b.int('flag', 1, { bool: true }),
    ]) {
      const c = codec(build);
      expect([0, 1, 2, 255].map((byte) => c.decode(Uint8Array.of(byte)))).toEqual([false, true, true, true]);
      expect([...c.encode(true), ...c.encode(false)]).toEqual([1, 0]);
      expect(thrownBy(() => c.encode(1))).toMatchObject({
        code: 'ERR_BPF_VALUE_TYPE',
        message: 'value: expected true or false, got 1',
      });
    }
    const wide = codec((b) => b.int('bool32', 4, { bool: true }));
    expect(wide.decode(int(0x10000, 4))).toBe(true);
    expect(wide.encode(true)).toEqual(int(1, 4));
  });

  test('floats and doubles are numbers', () => {
    const float = codec((b) => b.float('float', 4));
    const double = codec((b) => b.float('double', 8));
    expect(float.decode(float.encode(1.5))).toBe(1.5);
    expect(double.decode(double.encode(0.1))).toBe(0.1);
    expect(double.decode(double.encode(Number.NaN))).toBeNaN();
    expect(float.encode(1)).toEqual(int(0x3f800000, 4));
    expect(thrownBy(() => float.encode(1e300))).toMatchObject({ code: 'ERR_BPF_VALUE_RANGE' });
    expect(thrownBy(() => double.encode(1n))).toMatchObject({ code: 'ERR_BPF_VALUE_TYPE' });
  });

  test('pointers are bigints whatever 64-bit integers are', () => {
    const c = codec((b) => b.ptr(0), { u64: 'number' });
    expect(c.decode(int(0xffff888000000000n, 8))).toBe(0xffff888000000000n);
    expect(c.encode(0xffff888000000000n)).toEqual(int(0xffff888000000000n, 8));
    const short = codec((b) => {
      b.int('long', 4);
      return b.ptr(0);
    });
    expect([short.size, short.decode(int(5, 4))]).toEqual([4, 5n]);
  });

  describe('enums', () => {
    const color = (b: BtfBuilder) => b.enum('color', { RED: 1, CRIMSON: 1, BLUE: 2 });

    test('are names, the first of several', () => {
      const c = codec(color);
      expect([1, 2, 3].map((value) => c.decode(int(value, 4)))).toEqual(['RED', 'BLUE', 3]);
      expect(['CRIMSON', 'BLUE', 3, 4n].map((value) => c.encode(value))).toEqual(
        [1, 2, 3, 4].map((v) => int(v, 4)),
      );
    });

    test('refuse other names, types and what does not fit', () => {
      const c = codec(color);
      expect(thrownBy(() => c.encode('GREEN'))).toMatchObject({
        code: 'ERR_BPF_VALUE_RANGE',
        message: 'value: "GREEN" is not in enum color (RED, CRIMSON, BLUE)',
      });
      expect(thrownBy(() => c.encode('toString')).code).toBe('ERR_BPF_VALUE_RANGE');
      expect(thrownBy(() => c.encode(-1)).code).toBe('ERR_BPF_VALUE_RANGE');
      expect(thrownBy(() => c.encode(true)).code).toBe('ERR_BPF_VALUE_TYPE');
    });

    test('may be negative, packed, or from a compiler that does not say they are negative', () => {
      const signed = codec((b) => b.enum('e', { NO: -1 }, { signed: true }));
      expect([signed.decode(int(-1, 4)), signed.decode(int(-2, 4))]).toEqual(['NO', -2]);
      const packed = codec((b) => b.enum('e', { NO: -1 }, { size: 1, signed: true }));
      expect([packed.size, packed.decode(int(-1, 1)), packed.encode('NO')]).toEqual([1, 'NO', int(-1, 1)]);
      const unsaid = codec((b) => b.enum('e', { NO: -1 }, { size: 2 }));
      expect([unsaid.decode(int(-1, 2)), unsaid.encode('NO')]).toEqual(['NO', int(-1, 2)]);
    });

    test('of 64 bits follow the rule for integers where no name fits', () => {
      const wide = (b: BtfBuilder) => b.enum64('wide', { TOP: 2n ** 63n });
      for (const [u64, three] of [
        ['bigint', 3n],
        ['number', 3],
        ['auto', 3],
      ] as const) {
        const c = codec(wide, { u64 });
        expect([c.decode(int(2n ** 63n, 8)), c.decode(int(3, 8))]).toEqual(['TOP', three]);
        expect(c.encode('TOP')).toEqual(int(2n ** 63n, 8));
      }
      const deep = codec((b) => b.enum64('deep', { LOW: -(2n ** 40n), NONE: -1n }, { signed: true }));
      expect([-(2n ** 40n), -1n, -2n].map((value) => deep.decode(int(value, 8)))).toEqual([
        'LOW',
        'NONE',
        -2n,
      ]);
      expect([deep.encode('LOW'), deep.encode(-2)]).toEqual([int(-(2n ** 40n), 8), int(-2, 8)]);
      expect(thrownBy(() => deep.encode(2n ** 63n)).code).toBe('ERR_BPF_VALUE_RANGE');
    });
  });

  test('enums of 64 bits of which the compiler wrote half are integers', () => {
    const c = codec((b) => b.enum('wide', { TOP: 1 }, { size: 8 }));
    expect([c.size, c.decode(int(1, 8)), c.decode(int(2n ** 63n + 1n, 8))]).toEqual([8, 1n, 2n ** 63n + 1n]);
    expect(c.encode(2n ** 63n + 1n)).toEqual(int(2n ** 63n + 1n, 8));
    expect(thrownBy(() => c.encode('TOP')).code).toBe('ERR_BPF_VALUE_RANGE');
  });

  describe('strings', () => {
    const chars = (count: number) =>
      codec((b) => b.array(b.const(b.int('char', 1, { signed: true })), count));
    const text = (value: string) => new TextEncoder().encode(value);

    test('end at the first NUL or with the array', () => {
      expect(chars(8).decode(text('bash\0\0\0\0'))).toBe('bash');
      expect(chars(8).decode(text('bash\0xyz'))).toBe('bash');
      expect(chars(4).decode(text('bash'))).toBe('bash');
      expect(chars(0).decode(new Uint8Array(0))).toBe('');
      expect(chars(4).decode(text('\0ash'))).toBe('');
    });

    test('of sixteen bytes, as process names are, are told apart', () => {
      const c = chars(16);
      // More names than the cache has slots, alike but for the last of their four words.
      const names = Array.from({ length: 999 }, (_, i) => `kworker/u16:${i}`);
      const decode = () => names.map((name) => c.decode(c.encode(name)));
      expect(decode()).toEqual(names);
      expect(decode()).toEqual(names);
      expect(c.decode(text('0123456789abcdef'))).toBe('0123456789abcdef');
      expect(c.decode(new Uint8Array(16))).toBe('');
    });

    test('are UTF-8, with U+FFFD for what is not', () => {
      expect(chars(8).decode(text('größe\0'.padEnd(7, '\0')))).toBe('größe');
      expect(chars(3).decode(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a\ufffdb');
      expect(chars(3).decode(Uint8Array.of(0xef, 0xbb, 0xbf))).toBe('\ufeff');
      expect(chars(8).encode('größe')).toEqual(join(text('größe'), Uint8Array.of(0)));
    });

    test('must leave room for the NUL', () => {
      expect(chars(4).encode('abc')).toEqual(text('abc\0'));
      expect(chars(0).encode('')).toEqual(new Uint8Array(0));
      expect(thrownBy(() => chars(4).encode('abcd'))).toMatchObject({
        code: 'ERR_BPF_VALUE_RANGE',
        message: 'value: "abcd" takes 4 bytes and a NUL, which do not fit in const char[4]',
      });
      expect(thrownBy(() => chars(4).encode('öö')).code).toBe('ERR_BPF_VALUE_RANGE');
      expect(thrownBy(() => chars(0).encode('a')).code).toBe('ERR_BPF_VALUE_RANGE');
    });

    test('must come back as they went', () => {
      expect(thrownBy(() => chars(8).encode('a\0b')).code).toBe('ERR_BPF_VALUE_RANGE');
      expect(thrownBy(() => chars(8).encode('\ud800')).code).toBe('ERR_BPF_VALUE_RANGE');
      expect(thrownBy(() => chars(8).encode(text('abc'))).code).toBe('ERR_BPF_VALUE_TYPE');
    });
  });

  test('other bytes are a Uint8Array, and a copy', () => {
    for (const name of ['unsigned char', 'signed char', '__u8']) {
      const c = codec((b) => b.array(b.typedef('t', b.int(name, 1)), 3));
      const source = Buffer.from([1, 2, 255]);
      const value = c.decode(source) as Uint8Array;
      expect(value.constructor).toBe(Uint8Array);
      source.fill(0);
      expect([...value]).toEqual([1, 2, 255]);
      expect(c.encode([1, 2, 255])).toEqual(value);
      expect(c.encode(value)).toEqual(value);
      expect(c.encode(value)).not.toBe(value);
      expect(thrownBy(() => c.encode([1, 2, 256]))).toMatchObject({
        code: 'ERR_BPF_VALUE_RANGE',
        message: 'value[2]: 256 does not fit in a byte (0 to 255)',
      });
      expect(thrownBy(() => c.encode([1, 2])).code).toBe('ERR_BPF_VALUE_RANGE');
      expect(thrownBy(() => c.encode([1, 2, '3'])).code).toBe('ERR_BPF_VALUE_TYPE');
      expect(thrownBy(() => c.encode('abc')).code).toBe('ERR_BPF_VALUE_TYPE');
    }
  });

  test('signed bytes are given as numbers of either sign', () => {
    const c = codec((b) => b.array(b.int('signed char', 1, { signed: true }), 3));
    expect([...c.encode([-128, -1, 255])]).toEqual([128, 255, 255]);
    expect(thrownBy(() => c.encode([-129, 0, 0])).message).toBe(
      'value[0]: -129 does not fit in a byte (-128 to 255)',
    );
    expect(thrownBy(() => codec((b) => b.array(b.int('u8', 1), 1)).encode([-1])).code).toBe(
      'ERR_BPF_VALUE_RANGE',
    );
  });

  test('numbers of a format that JavaScript has none for are bytes', () => {
    const c = codec((b) => b.struct('s', 16, [['wide', b.float('long double', 16), 0]]));
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i);
    expect(c.decode(bytes)).toEqual({ wide: bytes });
    expect(c.encode({ wide: bytes })).toEqual(bytes);
  });

  test('arrays nest, and must have all their elements', () => {
    const c = codec((b) => b.array(b.array(b.int('u16', 2), 2), 2));
    const bytes = join(int(1, 2), int(2, 2), int(3, 2), int(4, 2));
    expect(c.decode(bytes)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(c.encode(c.decode(bytes))).toEqual(bytes);
    expect(thrownBy(() => c.encode([[1, 2], [3]]))).toMatchObject({
      code: 'ERR_BPF_VALUE_RANGE',
      message: 'value[1]: 1 elements given, u16[2] takes 2',
    });
    expect(thrownBy(() => c.encode([[1, 2], 3])).message).toBe('value[1]: expected an array, got 3');
    expect(
      thrownBy(() =>
        c.encode([
          [1, 2],
          [3, 70000],
        ]),
      ).message,
    ).toMatch(/^value\[1\]\[1\]: 70000/);
    expect(thrownBy(() => c.encode(new Array(2))).code).toBe('ERR_BPF_VALUE_TYPE');
  });

  test('arrays of booleans are arrays, and flexible arrays are empty', () => {
    expect(codec((b) => b.array(b.int('_Bool', 1), 2)).decode(Uint8Array.of(0, 1))).toEqual([false, true]);
    const c = codec((b) => {
      const u32 = b.int('u32', 4);
      const chars = b.array(b.int('char', 1), 0);
      return b.struct('flexible', 4, [
        ['length', u32, 0],
        ['text', chars, 4],
        ['rest', b.array(b.fwd('later'), 0), 4],
      ]);
    });
    const value = { length: 1, text: '', rest: [] };
    expect(c.decode(int(1, 4))).toEqual(value);
    expect(c.encode(value)).toEqual(int(1, 4));
    const nothing = codec((b) => b.array(b.struct('none', 0, []), 3));
    expect(nothing.decode(new Uint8Array(0))).toEqual([{}, {}, {}]);
    expect(nothing.encode([{}, {}, {}])).toEqual(new Uint8Array(0));
  });

  describe('structs', () => {
    const event = (b: BtfBuilder) => {
      const u16 = b.int('unsigned short', 2);
      const u8 = b.int('u8', 1);
      const addr = b.struct('addr', 4, [
        ['port', u16, 0],
        ['zone', u8, 2],
      ]);
      return b.struct('event', 12, [
        ['type', u8, 0],
        ['addr', addr, 2],
        ['more', b.array(b.struct('pair', 2, [['x', u16, 0]]), 3), 6],
      ]);
    };
    const value = { type: 1, addr: { port: 80, zone: 3 }, more: [{ x: 1 }, { x: 2 }, { x: 3 }] };

    test('are objects with their members in order', () => {
      const c = codec(event);
      const bytes = join(
        int(1, 1),
        int(0, 1),
        int(80, 2),
        int(3, 1),
        int(0, 1),
        int(1, 2),
        int(2, 2),
        int(3, 2),
      );
      expect(c.encode(value)).toEqual(bytes);
      const decoded = c.decode(bytes) as object;
      expect(decoded).toEqual(value);
      expect(Object.keys(decoded)).toEqual(['type', 'addr', 'more']);
      expect(c.typeName).toBe('struct event');
    });

    test.each<[string, unknown, string, string]>([
      [
        'a value too big',
        { ...value, addr: { port: 70000, zone: 0 } },
        'RANGE',
        'event.addr.port: 70000 does not fit in unsigned short (0 to 65535)',
      ],
      [
        'a value in an array',
        { ...value, more: [{ x: 1 }, { x: -1 }, { x: 1 }] },
        'RANGE',
        'event.more[1].x: -1 does not fit in unsigned short (0 to 65535)',
      ],
      ['a missing field', { ...value, addr: { zone: 0 } }, 'TYPE', 'event.addr.port: missing'],
      ['an undefined field', { ...value, type: undefined }, 'TYPE', 'event.type: missing'],
      [
        'an unknown field',
        { ...value, tpye: 1 },
        'TYPE',
        'event.tpye: struct event has no such field (type, addr, more)',
      ],
      ['null', null, 'TYPE', 'event: expected an object with the fields of struct event, got null'],
      [
        'an array',
        [],
        'TYPE',
        'event: expected an object with the fields of struct event, got an array of 0',
      ],
      [
        'a nested wrong type',
        { ...value, addr: 'localhost' },
        'TYPE',
        'event.addr: expected an object with the fields of struct addr, got "localhost"',
      ],
    ])('refuse %s, naming the path', (_, given, code, message) => {
      expect(thrownBy(() => codec(event).encode(given))).toMatchObject({
        code: `ERR_BPF_VALUE_${code}`,
        message,
      });
    });

    test('have the root of the path the caller chose', () => {
      const c = codec(event, { label: 'globals.config' });
      expect(thrownBy(() => c.encode({ ...value, type: 'x' })).message).toMatch(/^globals\.config\.type: /);
    });

    test('take missing fields for zero when told so', () => {
      const c = codec(event, { partial: true });
      expect([...c.encode({})]).toEqual(Array(12).fill(0));
      expect(c.decode(c.encode({ addr: { zone: 9 } }))).toMatchObject({
        type: 0,
        addr: { port: 0, zone: 9 },
      });
      expect(thrownBy(() => c.encode({ addr: { nope: 9 } })).code).toBe('ERR_BPF_VALUE_TYPE');
    });

    test('may have members named like parts of JavaScript', () => {
      const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a"b', 'x\u2028y', '`'];
      const c = codec((b) => {
        const u8 = b.int('u8', 1);
        return b.struct(
          'odd',
          names.length,
          names.map((name, i) => [name, u8, i] as const),
        );
      });
      const bytes = Uint8Array.from(names, (_, i) => i + 1);
      const decoded = c.decode(bytes) as object;
      expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
      expect(Object.entries(decoded)).toEqual(names.map((name, i) => [name, i + 1]));
      expect(c.encode(decoded)).toEqual(bytes);
      expect(thrownBy(() => c.encode({})).message).toBe('odd.__proto__: missing');
      expect(Object.hasOwn(Object.prototype, 'a"b')).toBe(false);
    });
  });

  describe('unions', () => {
    const address = (b: BtfBuilder) => {
      const u32 = b.int('u32', 4);
      return b.union('address', 8, [
        ['v4', u32, 0],
        ['pair', b.array(u32, 2), 0],
      ]);
    };

    test('are decoded every way and encoded from one member, or from several that mean the same bytes', () => {
      const c = codec(address);
      const bytes = join(int(1, 4), int(2, 4));
      expect(c.decode(bytes)).toEqual({ v4: 1, pair: [1, 2] });
      expect(c.encode({ pair: [1, 2] })).toEqual(bytes);
      expect(c.encode({ v4: 1 })).toEqual(join(int(1, 4), int(0, 4)));
      expect(c.encode({ v4: 1, pair: undefined })).toEqual(c.encode({ v4: 1 }));
      expect(c.encode({ v4: 1, pair: [1n, 2] })).toEqual(bytes);
      expect(thrownBy(() => c.encode({ v4: 3, pair: [1, 2] }))).toMatchObject({
        code: 'ERR_BPF_VALUE_TYPE',
        message: 'address: a union takes one member, or several that mean the same bytes: v4, pair do not',
      });
      expect(thrownBy(() => c.encode({ v4: -1, pair: [-1, 2] })).message).toMatch(
        /^address\.v4: -1 does not fit/,
      );
      expect(thrownBy(() => c.encode({}))).toMatchObject({
        code: 'ERR_BPF_VALUE_TYPE',
        message: 'address: a union takes a member, got none of v4, pair',
      });
      expect([...codec(address, { partial: true }).encode({})]).toEqual(Array(8).fill(0));
    });

    test('without a name belong to the struct around them, as do structs', () => {
      const c = codec((b) => {
        const u8 = b.int('u8', 1);
        const pair = b.struct('', 2, [
          ['x', u8, 0],
          ['y', u8, 1],
        ]);
        const either = b.union('', 2, [
          ['one', u8, 0],
          ['', b.const(pair), 0],
        ]);
        return b.struct('event', 4, [
          ['head', u8, 0],
          ['', either, 1],
          ['tail', u8, 3],
        ]);
      });
      expect(c.decode(Uint8Array.of(1, 2, 3, 4))).toEqual({ head: 1, one: 2, x: 2, y: 3, tail: 4 });
      expect([...c.encode({ head: 1, one: 2, tail: 4 })]).toEqual([1, 2, 0, 4]);
      expect([...c.encode({ head: 1, x: 2, y: 3, tail: 4 })]).toEqual([1, 2, 3, 4]);
      expect(thrownBy(() => c.encode({ head: 1, x: 2, tail: 4 })).message).toBe('event.y: missing');
      expect([...c.encode({ head: 1, one: 2, x: 2, y: 3, tail: 4 })]).toEqual([1, 2, 3, 4]);
      expect(thrownBy(() => c.encode({ head: 1, one: 2, x: 3, y: 2, tail: 4 })).message).toMatch(
        /mean the same bytes: one, x do not/,
      );
      expect(thrownBy(() => c.encode({ head: 1, tail: 4 })).message).toMatch(/none of one, x\+y/);
    });

    test.each([
      ['text and what follows its NUL', 'A\0garbage'],
      ['text without a NUL', 'all full'],
      ['what is no UTF-8', '\xff\xfe\x80garba'],
    ])('are stored again as they were read: %s', (_, held) => {
      const c = codec(
        (b) => {
          const u32 = b.int('u32', 4);
          return b.struct('tagged', 12, [
            ['tag', u32, 0],
            [
              'name',
              b.union('name', 8, [
                ['text', b.array(b.int('char', 1), 8), 0],
                ['flag', b.int('_Bool', 1, { bool: true }), 0],
                ['real', b.float('double', 8), 0],
                ['halves', b.array(u32, 2), 0],
                ['whole', b.int('u64', 8), 0],
              ]),
              4,
            ],
          ]);
        },
        { u64: 'number' },
      );
      const bytes = join(int(1, 4), Buffer.from(held, 'latin1').subarray(0, 8));
      const value = c.decode(bytes) as { tag: number };
      expect(c.encode({ ...value, tag: 2 })).toEqual(join(int(2, 4), bytes.subarray(4)));
    });

    test('combine members of which each has gaps', () => {
      const c = codec((b) => {
        const u8 = b.int('u8', 1);
        return b.union('gaps', 3, [
          [
            'outer',
            b.struct('outer', 3, [
              ['a', u8, 0],
              ['c', u8, 2],
            ]),
            0,
          ],
          ['inner', b.struct('inner', 3, [['b', u8, 1]]), 0],
        ]);
      });
      expect([...c.encode(c.decode(Uint8Array.of(1, 2, 3)))]).toEqual([1, 2, 3]);
    });
  });

  describe('bitfields', () => {
    /** Sets bits of a byte array by the rule of the byte order: bit 0 is the low end in little endian, else the high. */
    function bits(size: number, first: number, width: number, value: bigint): Uint8Array {
      const below = littleEndian ? first : size * 8 - first - width;
      return int(BigInt.asUintN(width, value) << BigInt(below), size);
    }

    test.each([
      [0, 1, false, 1],
      [3, 5, false, 31],
      [3, 5, true, -16],
      [0, 32, false, 0xdeadbeef],
      [0, 32, true, -2],
      [7, 25, true, -1],
      [7, 26, false, 0x2abcdef],
      [5, 32, false, 0xdeadbeef],
      [5, 32, true, -0x1234567],
    ])('at bit %i of width %i, signed %s, are numbers', (first, width, signed, value) => {
      const c = codec((b) => b.struct('s', 8, [['x', b.int('u64', 8, { signed }), first, width]]));
      expect(c.decode(bits(8, first, width, BigInt(value)))).toEqual({ x: value });
      expect(c.encode({ x: value })).toEqual(bits(8, first, width, BigInt(value)));
    });

    test.each([
      [0, 33, false, 2n ** 33n - 1n],
      [1, 63, true, -(2n ** 62n)],
      [0, 64, false, 2n ** 64n - 1n],
      [7, 64, true, -(2n ** 63n)],
    ])(
      'at bit %i of width %i, signed %s, follow the rule for 64-bit integers',
      (first, width, signed, value) => {
        const build = (b: BtfBuilder) =>
          b.struct('s', 16, [['x', b.int('u64', 8, { signed }), first, width]]);
        expect(codec(build).decode(bits(16, first, width, value))).toEqual({ x: value });
        expect(codec(build, { u64: 'number' }).decode(bits(16, first, width, value))).toEqual({
          x: Number(value),
        });
        expect(codec(build, { u64: 'auto' }).decode(bits(16, first, width, 5n))).toEqual({ x: 5 });
        expect(codec(build).encode({ x: value })).toEqual(bits(16, first, width, value));
      },
    );

    test('share bytes without disturbing one another', () => {
      const c = codec((b) => {
        const u32 = b.int('u32', 4);
        const bool = b.int('_Bool', 1, { bool: true });
        const color = b.enum('color', { RED: 1, BLUE: 5 });
        return b.struct('s', 4, [
          ['a', u32, 0, 3],
          ['flag', bool, 3, 1],
          ['color', color, 4, 3],
          ['', u32, 7, 9],
          ['b', u32, 16, 16],
        ]);
      });
      const value = { a: 5, flag: true, color: 'BLUE', b: 0xabcd };
      expect(c.decode(c.encode(value))).toEqual(value);
      expect(c.decode(c.encode({ a: 0, flag: false, color: 7, b: 0 }))).toEqual({
        a: 0,
        flag: false,
        color: 7,
        b: 0,
      });
      expect(thrownBy(() => c.encode({ ...value, a: 8 })).message).toBe(
        's.a: 8 does not fit in u32:3 (0 to 7)',
      );
      expect(thrownBy(() => c.encode({ ...value, flag: 1 })).code).toBe('ERR_BPF_VALUE_TYPE');
      expect(thrownBy(() => c.encode({ ...value, color: 8 })).code).toBe('ERR_BPF_VALUE_RANGE');
    });

    test('of old compilers are narrow integers', () => {
      const c = codec((b) => b.struct('s', 4, [['x', b.int('u32', 4, { bits: 5, bitOffset: 2 }), 1]]));
      expect(c.decode(bits(4, 10, 5, 21n))).toEqual({ x: 21 });
    });
  });

  test('a data section is a record of its variables', () => {
    const c = codec((b) => {
      const u32 = b.int('u32', 4);
      const limit = b.var('limit', b.const(u32));
      const name = b.var('name', b.array(b.int('char', 1), 4), 0);
      return b.datasec('.rodata', 12, [
        [limit, 4, 4],
        [name, 8, 4],
      ]);
    });
    const bytes = join(int(0, 4), int(7, 4), new TextEncoder().encode('abc\0'));
    expect(c.decode(bytes)).toEqual({ limit: 7, name: 'abc' });
    expect(c.encode({ limit: 7, name: 'abc' })).toEqual(bytes);
    expect(thrownBy(() => c.encode({ limit: -1, name: '' })).message).toMatch(/^\.rodata\.limit: /);
  });

  test('a variable is its type', () => {
    expect(codec((b) => b.var('v', b.typedef('u32', b.int('unsigned int', 4)))).decode(int(7, 4))).toBe(7);
  });

  describe('memory', () => {
    const pair = (b: BtfBuilder) => {
      const u32 = b.int('u32', 4);
      return b.struct('pair', 12, [
        ['x', u32, 0],
        ['y', u32, 8],
      ]);
    };

    test('is read at the offset, in any view of any buffer', () => {
      const c = codec(pair);
      const bytes = join(int(9, 4), int(1, 4), int(0, 4), int(2, 4), int(9, 4));
      expect(c.decode(bytes, 4)).toEqual({ x: 1, y: 2 });
      expect(c.decode(bytes.subarray(4))).toEqual({ x: 1, y: 2 });
      expect(c.decode(Buffer.from(bytes).subarray(3), 1)).toEqual({ x: 1, y: 2 });
      const shared = new Uint8Array(new SharedArrayBuffer(20));
      shared.set(bytes);
      expect(c.decode(shared, 4)).toEqual({ x: 1, y: 2 });
    });

    test('is written inside the value alone, padding zeroed', () => {
      const c = codec(pair);
      const into = new Uint8Array(20).fill(0xee);
      expect(c.encode({ x: 1, y: 2 }, into.subarray(1), 3)).toEqual(into.subarray(1));
      expect(into).toEqual(join(int(0xeeeeeeeen, 4), int(1, 4), int(0, 4), int(2, 4), int(0xeeeeeeeen, 4)));
    });

    test('is untouched when any of the value is wrong', () => {
      const into = new Uint8Array(12).fill(0xee);
      thrownBy(() => codec(pair).encode({ x: 1, y: -1 }, into));
      expect([...into]).toEqual(Array(12).fill(0xee));
    });

    test('must be enough, and be memory', () => {
      const c = codec(pair);
      for (const [bytes, offset] of [
        [new Uint8Array(11), 0],
        [new Uint8Array(16), 5],
        [new Uint8Array(16), -1],
        [new Uint8Array(16), 0.5],
        [new Uint8Array(16), Number.NaN],
      ] as const) {
        expect(thrownBy(() => c.decode(bytes, offset)).code).toBe('ERR_BPF_VALUE_RANGE');
        expect(thrownBy(() => c.encode({ x: 1, y: 2 }, bytes, offset)).code).toBe('ERR_BPF_VALUE_RANGE');
      }
      expect(thrownBy(() => c.decode('bytes' as unknown as Uint8Array)).code).toBe('ERR_BPF_VALUE_TYPE');
      expect(thrownBy(() => c.decode(new Uint8Array(11))).message).toBe(
        'pair: takes 12 bytes at offset 0, 11 given',
      );
    });

    test('is kept apart when a getter of the value encodes too', () => {
      const c = codec(pair);
      const inner = { x: 7, y: 8 };
      c.encode(inner);
      const outer = {
        x: 1,
        get y() {
          c.encode(inner);
          return 2;
        },
      };
      expect(c.decode(c.encode(outer))).toEqual({ x: 1, y: 2 });
    });
  });
});

test('codecFor names the type and works without options', () => {
  const b = new BtfBuilder();
  const id = b.typedef('pid_t', b.int('int', 4, { signed: true }));
  const btf = Btf.parse(b.bytes());
  const codec = codecFor<number>(btf, id);
  expect([codec.typeName, codec.size, codec.decode(codec.encode(-7))]).toEqual(['pid_t', 4, -7]);
});

test('a struct of very many members has a codec too', () => {
  const b = new BtfBuilder();
  const u8 = b.int('u8', 1);
  const names = Array.from({ length: 5000 }, (_, i) => `m${i}`);
  const id = b.struct(
    'wide',
    5000,
    names.map((name, i) => [name, u8, i] as const),
  );
  const codec = codecFor<Record<string, number>>(Btf.parse(b.bytes()), id);
  const value = Object.fromEntries(names.map((name, i) => [name, i & 255]));
  expect(codec.decode(codec.encode(value))).toEqual(value);
});
