import { describe, expect, test } from 'vitest';
import { Btf } from '../../../src/btf/index.js';
import { BtfBuilder } from './build-btf.js';
import { thrownBy } from './thrown.js';

/** One of every kind, with the type each should be read as. */
function everyKind(): { builder: BtfBuilder; types: Record<number, unknown> } {
  const b = new BtfBuilder();
  const types: Record<number, unknown> = { 0: { kind: 'void' } };
  const int = b.int('int', 4, { signed: true });
  types[int] = {
    kind: 'int',
    name: 'int',
    size: 4,
    bits: 32,
    bitOffset: 0,
    signed: true,
    char: false,
    bool: false,
  };
  const old = b.int('char', 1, { char: true, bool: true, bits: 3, bitOffset: 2 });
  types[old] = {
    kind: 'int',
    name: 'char',
    size: 1,
    bits: 3,
    bitOffset: 2,
    signed: false,
    char: true,
    bool: true,
  };
  types[b.ptr(int)] = { kind: 'ptr', type: int };
  types[b.array(int, 7)] = { kind: 'array', element: int, index: int, count: 7 };
  const plain = b.struct('plain', 8, [
    ['a', int, 0],
    ['b', int, 4],
  ]);
  types[plain] = {
    kind: 'struct',
    name: 'plain',
    size: 8,
    members: [
      { name: 'a', type: int, bitOffset: 0, bitSize: 0 },
      { name: 'b', type: int, bitOffset: 32, bitSize: 0 },
    ],
  };
  types[b.union('', 4, [['bits', int, 3, 9]])] = {
    kind: 'union',
    name: '',
    size: 4,
    members: [{ name: 'bits', type: int, bitOffset: 3, bitSize: 9 }],
  };
  types[b.enum('color', { RED: 0, BLUE: 0xffffffff })] = {
    kind: 'enum',
    name: 'color',
    size: 4,
    signed: false,
    values: [
      { name: 'RED', value: 0 },
      { name: 'BLUE', value: 0xffffffff },
    ],
  };
  types[b.enum('signed', { MINUS: -1 }, { size: 2, signed: true })] = {
    kind: 'enum',
    name: 'signed',
    size: 2,
    signed: true,
    values: [{ name: 'MINUS', value: -1 }],
  };
  types[b.fwd('later')] = { kind: 'fwd', name: 'later', of: 'struct' };
  types[b.fwd('either', 'union')] = { kind: 'fwd', name: 'either', of: 'union' };
  types[b.typedef('number', int)] = { kind: 'typedef', name: 'number', type: int };
  types[b.volatile(int)] = { kind: 'volatile', type: int };
  types[b.const(0)] = { kind: 'const', type: 0 };
  types[b.restrict(int)] = { kind: 'restrict', type: int };
  const proto = b.funcProto(int, [
    ['x', int],
    ['', 0],
  ]);
  types[proto] = { kind: 'func_proto', returns: int, params: [{ name: 'x', type: int }], variadic: true };
  types[b.func('main', proto)] = { kind: 'func', name: 'main', type: proto, linkage: 'global' };
  types[b.func('odd', proto, 77)] = { kind: 'func', name: 'odd', type: proto, linkage: 77 };
  const counter = b.var('counter', int, 0);
  types[counter] = { kind: 'var', name: 'counter', type: int, linkage: 'static' };
  types[b.datasec('.data', 4, [[counter, 0, 4]])] = {
    kind: 'datasec',
    name: '.data',
    size: 4,
    vars: [{ type: counter, offset: 0, size: 4 }],
  };
  types[b.float('double', 8)] = { kind: 'float', name: 'double', size: 8 };
  types[b.declTag('user', plain, 1)] = {
    kind: 'decl_tag',
    name: 'user',
    type: plain,
    component: 1,
    attribute: false,
  };
  types[b.declTag('whole', plain)] = expect.objectContaining({ component: -1 });
  types[b.typeTag('rcu', int)] = { kind: 'type_tag', name: 'rcu', type: int, attribute: false };
  types[b.enum64('wide', { BIG: 2n ** 63n })] = {
    kind: 'enum64',
    name: 'wide',
    size: 8,
    signed: false,
    values: [{ name: 'BIG', value: 2n ** 63n }],
  };
  types[b.enum64('deep', { LOW: -(2n ** 40n) }, { signed: true })] = {
    kind: 'enum64',
    name: 'deep',
    size: 8,
    signed: true,
    values: [{ name: 'LOW', value: -(2n ** 40n) }],
  };
  return { builder: b, types };
}

describe.each([
  { order: 'little endian', littleEndian: true },
  { order: 'big endian', littleEndian: false },
])('BTF in $order', ({ littleEndian }) => {
  test('has every kind read back as it was written', () => {
    const { builder, types } = everyKind();
    const btf = Btf.parse(builder.bytes({ littleEndian }));
    expect(btf.littleEndian).toBe(littleEndian);
    expect(btf.types).toBe(Object.keys(types).length - 1);
    for (const [id, type] of Object.entries(types)) {
      expect(btf.type(Number(id))).toEqual(type);
    }
  });

  test('has its header length honoured', () => {
    const { builder, types } = everyKind();
    for (const headerLength of [28, 32, 64]) {
      expect(Btf.parse(builder.bytes({ littleEndian, headerLength })).types).toBe(
        Object.keys(types).length - 1,
      );
    }
  });

  test('skips a kind that only its layout section knows', () => {
    const b = new BtfBuilder();
    const before = b.int('int', 4);
    const strange = b.add(77, '', 2, 0, [1, 2, 3]);
    const after = b.typedef('after', before);
    const layout = Array.from({ length: 78 }, () => [4, 4] as const);
    const btf = Btf.parse(b.bytes({ littleEndian, layout }));
    expect(btf.type(strange)).toEqual({ kind: 'unknown', number: 77 });
    expect(btf.nameOf(after)).toBe('after');
    expect(thrownBy(() => Btf.parse(b.bytes({ littleEndian }))).message).toMatch(
      /type \[2\].*unknown kind 77/,
    );
  });
});

test('a vlen above 65535 is read, as kernel 7.2 allows', () => {
  const b = new BtfBuilder();
  const int = b.int('int', 4);
  const count = 70_000;
  const proto = b.add(13, '', count, 0, Array(count).fill([0, int]).flat());
  expect(Btf.parse(b.bytes()).type(proto)).toHaveProperty('params.length', count);
});

test('the bytes are copied, so changing them later changes nothing', () => {
  const b = new BtfBuilder();
  b.int('int', 4);
  const bytes = b.bytes();
  const btf = Btf.parse(bytes);
  bytes.fill(0xff);
  expect(btf.nameOf(1)).toBe('int');
});

test('split BTF continues the ids and names of its base', () => {
  const base = new BtfBuilder();
  const int = base.int('int', 4);
  const name = base.name('shared');
  const parsedBase = Btf.parse(base.bytes());
  const split = new BtfBuilder({ types: 1, strings: base.stringLength });
  const own = split.typedef('module_int', int);
  const bytes = split.bytes();
  const btf = Btf.parse(bytes, parsedBase);
  expect([btf.firstId, btf.types, own]).toEqual([2, 2, 2]);
  expect(btf.nameOf(own)).toBe('module_int');
  expect(btf.sizeOf(own)).toBe(4);
  expect(btf.find('int')).toBe(int);
  expect(btf.find('module_int')).toBe(own);
  // The name offset of the typedef, turned to one of the base's names.
  new DataView(bytes.buffer).setUint32(24, name, true);
  expect(Btf.parse(bytes, parsedBase).nameOf(own)).toBe('shared');
  const swapped = new BtfBuilder({ types: 1, strings: 1 }).bytes({ littleEndian: false });
  expect(thrownBy(() => Btf.parse(swapped, parsedBase)).message).toMatch(/byte orders/);
});

describe('find', () => {
  const b = new BtfBuilder();
  const int = b.int('int', 4);
  const typedef = b.typedef('event', int);
  const struct = b.struct('event', 0, []);
  b.declTag('tagged', struct);
  const second = b.typedef('tagged', int);
  const btf = Btf.parse(b.bytes());

  test('gives the first type of a name, or the first of a kind', () => {
    expect(btf.find('event')).toBe(typedef);
    expect(btf.find('event', 'struct')).toBe(struct);
    expect(btf.find('event', 'union')).toBeUndefined();
    expect(btf.find('nothing')).toBeUndefined();
    expect(btf.find('')).toBeUndefined();
    expect(btf.find('__proto__')).toBeUndefined();
  });

  test('does not take the text of a tag for a name', () => {
    expect(btf.find('tagged')).toBe(second);
    expect(btf.find('tagged', 'decl_tag')).toBe(4);
  });
});

describe('nameOf', () => {
  const b = new BtfBuilder();
  const int = b.int('int', 4);
  const char = b.int('char', 1);
  const file = b.struct('file', 0, []);
  const names: [id: number, name: string][] = [
    [0, 'void'],
    [file, 'struct file'],
    [b.ptr(file), 'struct file *'],
    [b.ptr(b.const(char)), 'const char *'],
    [b.const(b.ptr(char)), 'char *const'],
    [b.array(char, 16), 'char[16]'],
    [b.array(b.array(int, 3), 2), 'int[2][3]'],
    [b.array(b.ptr(file), 4), 'struct file *[4]'],
    [b.ptr(b.array(int, 3)), 'int (*)[3]'],
    [b.ptr(b.funcProto(int, [['f', b.ptr(file)]])), 'int (*)(struct file *)'],
    [b.func('open', b.funcProto(0, [])), 'void open(void)'],
    [b.var('counter', int), 'int counter'],
    [b.union('', 0, []), 'union (anon)'],
    [b.enum64('wide', {}), 'enum wide'],
    [b.fwd('u', 'union'), 'union u'],
    [b.ptr(b.typeTag('user', char)), 'char *'],
    [b.datasec('.bss', 0, []), '.bss'],
  ];
  const btf = Btf.parse(b.bytes());

  test.each(names)('of [%i] is %s', (id, name) => {
    expect(btf.nameOf(id)).toBe(name);
  });

  test('is UTF-8 where names are', () => {
    const other = new BtfBuilder();
    const id = other.struct('größe', 0, []);
    const ascii = other.int('int', 4);
    const read = Btf.parse(other.bytes());
    expect([read.nameOf(id), read.nameOf(ascii)]).toEqual(['struct größe', 'int']);
  });
});

describe('resolve and sizeOf', () => {
  test('look through names and qualifiers', () => {
    const b = new BtfBuilder();
    const int = b.int('int', 4);
    const wrapped = b.typedef('t', b.const(b.volatile(b.restrict(b.typeTag('x', int)))));
    const variable = b.var('v', b.array(wrapped, 3));
    const btf = Btf.parse(b.bytes());
    expect(btf.resolve(wrapped)).toBe(int);
    expect(btf.resolve(variable)).toBe(variable);
    expect(btf.sizeOf(variable)).toBe(12);
  });

  test('take the pointer size from long', () => {
    for (const [size, expected] of [
      [4, 4],
      [8, 8],
      [0, 8],
    ] as const) {
      const b = new BtfBuilder();
      const pointer = b.ptr(0);
      if (size > 0) {
        b.int('long', size);
      }
      expect(Btf.parse(b.bytes()).sizeOf(pointer)).toBe(expected);
    }
  });

  test('refuse what has no size, by name', () => {
    const b = new BtfBuilder();
    const fwd = b.fwd('later');
    const func = b.func('f', b.funcProto(0, []));
    const btf = Btf.parse(b.bytes());
    expect(thrownBy(() => btf.sizeOf(fwd)).message).toMatch(/struct later .* has no size/);
    expect(thrownBy(() => btf.sizeOf(func))).toMatchObject({ code: 'ERR_BPF_BTF' });
    expect(thrownBy(() => btf.sizeOf(0)).message).toMatch(/void/);
  });

  test('refuse ids that do not exist', () => {
    const btf = Btf.parse(new BtfBuilder().bytes());
    for (const id of [1, -1, 0.5, Number.NaN, 2 ** 40]) {
      expect(thrownBy(() => btf.type(id))).toMatchObject({ code: 'ERR_BPF_BTF' });
      expect(thrownBy(() => btf.nameOf(id))).toMatchObject({ code: 'ERR_BPF_BTF' });
    }
  });
});
