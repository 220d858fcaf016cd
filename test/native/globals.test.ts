import { describe, expect, test } from 'vitest';
import { input, type Kinds, loadKinds, openKinds } from '../support/fixtures.js';
import { thrown } from '../support/thrown.js';

type Globals = Kinds['globals'];

/** What test/fixtures/bpf/kinds.bpf.c gives .data, and what else each variable can be set to. */
const SCALARS: readonly (readonly [name: string, initial: unknown, other: unknown])[] = [
  ['s8', -2, -128],
  ['u8', 201, 255],
  ['s16', -301, -32768],
  ['u16', 60001, 65535],
  ['s32', -70001, 2147483647],
  ['u32', 4000000001, 4294967295],
  ['s64', -5000000001n, -9223372036854775808n],
  ['u64', 9007199254740995n, 18446744073709551615n],
  ['bool', true, false],
  ['name', 'initialised', 'set by the test'],
  ['colour', 'BLUE', 'GREEN'],
  ['temperature', 'FREEZING', 'HOT'],
];

const CONSTANTS: readonly (readonly [name: string, initial: unknown])[] = [
  ['s8', -1],
  ['u8', 200],
  ['s16', -300],
  ['u16', 60000],
  ['s32', -70000],
  ['u32', 4000000000],
  ['s64', -5000000000n],
  ['u64', 9007199254740993n],
  ['bool', true],
  ['name', 'read only'],
  ['colour', 'GREEN'],
  ['temperature', 'HOT'],
];

const EVERY_KIND = {
  s8: -128,
  u8: 255,
  s16: -32768,
  u16: 65535,
  s32: -2147483648,
  u32: 4294967295,
  s64: -9223372036854775808n,
  u64: 18446744073709551615n,
  yes: true,
  no: false,
  letter: 'k'.charCodeAt(0),
  name: 'kinds of types',
  colour: 'BLUE',
  temperature: 'FREEZING',
  nested: { tag: 513, at: { x: -1, y: 2 }, pair: { low: 3, high: 4 }, left: 3000000000, right: -1294967296 },
  number: {
    whole: 0x0123456789abcdefn,
    signed_whole: 0x0123456789abcdefn,
    halves: [0x89abcdef, 0x01234567],
    bytes: Uint8Array.of(0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01),
  },
  bits: { flag: 1, small: -16, middle: 0x2abcdef, wide: 0xfedcba9876n, rest: -8388608 },
  list: [1, 2, 3, 65535],
  grid: [
    [1, -2, 3],
    [-4, 5, -6],
  ],
  path: [
    { x: 10, y: -10 },
    { x: 20, y: -20 },
  ],
  single: 0.5,
  real: -1.25,
  pointer: 0xffff888000001000n,
};

/** The same in the form in which it can be stored: one member of each union. */
const STORABLE = {
  ...EVERY_KIND,
  nested: { tag: 1, at: { x: 2, y: -3 }, pair: { low: 4, high: 5 }, right: -6 },
  number: { halves: [7, 8] },
  name: 'stored',
};

const named = (prefix: string, globals: Globals, names: readonly string[]) =>
  names.map((name) => [name, globals[`${prefix}_${name}`]]);

describe('a variable of .data', () => {
  test.each(SCALARS)('%s has its initial value before and after load', async (name, initial) => {
    const open = openKinds();
    expect(open.globals[`data_${name}`]).toEqual(initial);
    using object = await open.load();
    expect(object.globals[`data_${name}`]).toEqual(initial);
  });

  test.each(SCALARS)('%s set before load is what the program sees', async (name, _initial, other) => {
    const open = openKinds();
    open.globals[`data_${name}`] = other;
    expect(open.globals[`data_${name}`]).toEqual(other);
    using object = await open.load();
    object.programs.copy_kinds.run(input());
    expect(object.globals[`bss_${name}`]).toEqual(other);
  });

  test.each(SCALARS)('%s set after load is what the program sees', async (name, initial, other) => {
    using object = await loadKinds();
    object.programs.copy_kinds.run(input());
    expect(object.globals[`bss_${name}`]).toEqual(initial);
    object.globals[`data_${name}`] = other;
    expect(object.globals[`data_${name}`]).toEqual(other);
    object.programs.copy_kinds.run(input());
    expect(object.globals[`bss_${name}`]).toEqual(other);
  });

  test('of a pointer type is a bigint', async () => {
    using object = await loadKinds();
    expect(object.globals.data_pointer).toBe(0x1000n);
    object.globals.data_pointer = 0xffffffffffffffffn;
    object.programs.copy_kinds.run(input());
    expect(object.globals.bss_pointer).toBe(0xffffffffffffffffn);
  });

  test('of an array or floating type comes as such', async () => {
    using object = await loadKinds();
    expect(object.globals.data_array).toEqual([1, 2, 3, 4]);
    object.globals.data_array = [4, 3, 2, 4294967295];
    expect(object.globals.data_array).toEqual([4, 3, 2, 4294967295]);
    expect(object.globals.data_real).toBe(2.5);
    object.globals.data_real = -0.125;
    expect(object.globals.data_real).toBe(-0.125);
  });

  test('of a struct of every kind is read as the compiler wrote it', async () => {
    const open = openKinds();
    expect(open.globals.data_kinds).toEqual(EVERY_KIND);
    expect(open.globals.ro_kinds).toEqual(EVERY_KIND);
    using object = await open.load();
    expect(object.globals.data_kinds).toEqual(EVERY_KIND);
    object.programs.copy_kinds.run(input());
    expect(object.globals.bss_kinds).toEqual(EVERY_KIND);
  });

  test.each(['before load', 'after load'])('of a struct of every kind can be set %s', async (when) => {
    const open = openKinds();
    if (when === 'before load') open.globals.data_kinds = STORABLE;
    using object = await open.load();
    if (when === 'after load') object.globals.data_kinds = STORABLE;
    object.programs.copy_kinds.run(input());
    expect(object.globals.bss_kinds).toMatchObject({
      name: 'stored',
      nested: { tag: 1, at: { x: 2, y: -3 }, pair: { low: 4, high: 5 }, right: -6, left: 4294967290 },
      number: { whole: 0x800000007n },
      bits: EVERY_KIND.bits,
      pointer: EVERY_KIND.pointer,
    });
  });

  test('is set without touching its neighbours', async () => {
    using object = await loadKinds();
    const others = SCALARS.map(([name]) => name).filter((name) => name !== 'u16');
    const before = named('data', object.globals, others);
    object.globals.data_u16 = 0;
    expect(named('data', object.globals, others)).toEqual(before);
  });
});

describe('a variable of .bss', () => {
  test('is zero before the program runs', async () => {
    const open = openKinds();
    expect(open.globals.bss_u64).toBe(0n);
    expect(open.globals.bss_name).toBe('');
    expect(open.globals.bss_colour).toBe('RED');
    // 0 is not among the temperatures.
    expect(open.globals.bss_temperature).toBe(0);
    using object = await open.load();
    expect(object.globals.bss_s8).toBe(0);
  });

  test('shows what the program was given', async () => {
    using object = await loadKinds();
    object.programs.copy_kinds.run(input({ id: 4294967295, zone: -1, port: 443, index: 2 }));
    expect(object.globals.last_input).toEqual({
      key: { id: 4294967295, zone: -1, port: 443 },
      index: 2,
      events: 0,
    });
  });
});

describe('a constant', () => {
  test.each(CONSTANTS)('%s has its value, also seen from inside', async (name, initial) => {
    const open = openKinds();
    expect(open.globals[`ro_${name}`]).toEqual(initial);
    using object = await open.load();
    expect(object.globals[`ro_${name}`]).toEqual(initial);
    object.programs.copy_read_only.run();
    expect(object.globals[`bss_${name}`]).toEqual(initial);
  });

  test.each(SCALARS)('%s can be set before load, and the program sees it', async (name, _initial, other) => {
    const open = openKinds();
    open.globals[`ro_${name}`] = other;
    using object = await open.load();
    object.programs.copy_read_only.run();
    expect(object.globals[`bss_${name}`]).toEqual(other);
  });

  test.each(CONSTANTS)('%s refuses after load', async (name, initial) => {
    using object = await loadKinds();
    const error = await thrown(() => {
      object.globals[`ro_${name}`] = initial;
    });
    expect(error).toMatchObject({ code: 'ERR_BPF_READ_ONLY', reason: 'input' });
    expect(error.message).toContain(`ro_${name}`);
    expect(error.hint).toContain('before load()');
    expect(object.globals[`ro_${name}`]).toEqual(initial);
  });
});

const MISFITS: readonly (readonly [what: string, name: string, value: unknown, code: string])[] = [
  ['an integer too large by one', 'data_s8', 128, 'ERR_BPF_VALUE_RANGE'],
  ['an integer too small by one', 'data_s8', -129, 'ERR_BPF_VALUE_RANGE'],
  ['an unsigned integer too large by one', 'data_u8', 256, 'ERR_BPF_VALUE_RANGE'],
  ['a negative for an unsigned integer', 'data_u8', -1, 'ERR_BPF_VALUE_RANGE'],
  ['a fraction', 'data_u16', 1.5, 'ERR_BPF_VALUE_RANGE'],
  ['2^32 for 32 bits', 'data_u32', 2 ** 32, 'ERR_BPF_VALUE_RANGE'],
  ['2^63 for a signed 64 bits', 'data_s64', 2n ** 63n, 'ERR_BPF_VALUE_RANGE'],
  ['a negative for an unsigned 64 bits', 'data_u64', -1n, 'ERR_BPF_VALUE_RANGE'],
  ['a number that may be inexact', 'data_u64', 2 ** 53, 'ERR_BPF_VALUE_RANGE'],
  ['a string for an integer', 'data_u64', '1', 'ERR_BPF_VALUE_TYPE'],
  ['a number for a bool', 'data_bool', 1, 'ERR_BPF_VALUE_TYPE'],
  ['a text that is too long', 'data_name', 'more than sixteen letters', 'ERR_BPF_VALUE_RANGE'],
  ['an unknown enumerator', 'data_colour', 'PURPLE', 'ERR_BPF_VALUE_RANGE'],
  ['a short array', 'data_array', [1, 2, 3], 'ERR_BPF_VALUE_RANGE'],
  ['an array whose last element does not fit', 'data_array', [1, 2, 3, -4], 'ERR_BPF_VALUE_RANGE'],
  ['a struct with a field that does not fit', 'data_kinds', { ...STORABLE, u8: 256 }, 'ERR_BPF_VALUE_RANGE'],
  ['a struct with an unknown field', 'data_kinds', { ...STORABLE, more: 1 }, 'ERR_BPF_VALUE_TYPE'],
  ['a struct without its fields', 'data_kinds', {}, 'ERR_BPF_VALUE_TYPE'],
];

describe('what does not fit leaves the variable as it was:', () => {
  async function expectUntouched(
    globals: Globals,
    name: string,
    value: unknown,
    code: string,
  ): Promise<void> {
    const before = globals[name];
    const error = await thrown(() => {
      globals[name] = value;
    });
    expect(error).toMatchObject({ code, reason: 'input' });
    expect(error.message).toContain(name);
    expect(globals[name]).toEqual(before);
  }

  test.each(MISFITS)('%s, before load', async (_what, name, value, code) => {
    using open = openKinds();
    await expectUntouched(open.globals, name, value, code);
  });

  test.each(MISFITS)('%s, after load', async (_what, name, value, code) => {
    using object = await loadKinds();
    await expectUntouched(object.globals, name, value, code);
  });
});

describe('64-bit integers come', () => {
  test('as bigints by default', async () => {
    using object = await loadKinds();
    expect(object.globals.data_u64).toBe(9007199254740995n);
    expect(object.globals.data_s64).toBe(-5000000001n);
  });

  test('as numbers when asked for', async () => {
    using object = await loadKinds({ u64: 'number' });
    expect(object.globals.data_s64).toBe(-5000000001);
    expect(object.globals.data_u64).toBe(9007199254740996);
    object.programs.copy_kinds.run(input());
    expect(object.globals.bss_kinds).toMatchObject({ s64: -(2 ** 63) });
    expect(object.maps.runs.get(0)?.every((count) => typeof count === 'number')).toBe(true);
  });

  test('as numbers where they are exact when asked for', async () => {
    using object = await loadKinds({ u64: 'auto' });
    expect(object.globals.data_s64).toBe(-5000000001);
    expect(object.globals.data_u64).toBe(9007199254740995n);
  });

  test('and go in as either', async () => {
    using object = await loadKinds();
    object.globals.data_u64 = 5;
    expect(object.globals.data_u64).toBe(5n);
    object.globals.data_u32 = 6n;
    expect(object.globals.data_u32).toBe(6);
  });
});
