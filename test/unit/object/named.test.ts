import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { namedTable, type Property } from '../../../src/object/named.js';
import { thrown } from '../../support/thrown.js';

function tableOf(noun: string, values: Record<string, unknown>): Record<string | symbol, unknown> {
  const property = (name: string): Property<unknown> =>
    name.startsWith('const')
      ? { get: () => values[name] }
      : {
          get: () => values[name],
          set(value) {
            values[name] = value;
          },
        };
  const entries = new Map(Object.keys(values).map((name) => [name, property(name)]));
  return namedTable('object "guard"', noun, entries) as Record<string | symbol, unknown>;
}

describe('a table of names', () => {
  test('gives what is there, and lists it', () => {
    const table = tableOf('map', { events: 1, '.bss': 2 });
    expect(table.events).toBe(1);
    expect(table['.bss']).toBe(2);
    expect(Object.keys(table)).toEqual(['events', '.bss']);
    expect({ ...table }).toEqual({ events: 1, '.bss': 2 });
    expect('events' in table).toBe(true);
    expect('others' in table).toBe(false);
  });

  test.each(['program', 'map'])('says which %ss there are when asked for another', async (noun) => {
    const table = tableOf(noun, { one: 1, two: 2 });
    const error = await thrown(() => table.three);
    expect(error).toMatchObject({ code: 'ERR_BPF_UNKNOWN_NAME', reason: 'input', [noun]: 'three' });
    expect(error.message).toBe(`object "guard" has no ${noun} "three": it has one, two`);
  });

  test('says that there are none', async () => {
    const error = await thrown(() => tableOf('global', {}).pid);
    expect(error.message).toBe('object "guard" has no global "pid": it has none');
    expect('map' in error).toBe(false);
  });

  test('is not fooled by what every object has', async () => {
    for (const name of ['hasOwnProperty', '__proto__', 'isPrototypeOf']) {
      expect(await thrown(() => tableOf('global', {})[name])).toMatchObject({ code: 'ERR_BPF_UNKNOWN_NAME' });
    }
  });

  test('has what is called like something that every object is asked for', () => {
    const table = tableOf(
      'global',
      Object.fromEntries([
        ['then', 1],
        ['toString', 2],
        ['constructor', 3],
      ]),
    );
    expect([table.then, table.toString, table.constructor]).toEqual([1, 2, 3]);
  });

  test('can be assigned where that makes sense, and only there', async () => {
    const values = { pid: 0, constant: 1 };
    const table = tableOf('global', values);
    table.pid = 4711;
    expect(values.pid).toBe(4711);
    expect(() => {
      table.constant = 2;
    }).toThrow(TypeError);
    expect(values.constant).toBe(1);
    const error = await thrown(() => {
      table.other = 2;
    });
    expect(error.code).toBe('ERR_BPF_UNKNOWN_NAME');
    expect(() => {
      table[Symbol('other')] = 2;
    }).toThrow(TypeError);
  });

  test('cannot be reshaped', () => {
    const table = tableOf('global', { pid: 1 });
    expect(() => delete table.pid).toThrow(TypeError);
    expect(() => Object.defineProperty(table, 'pid', { value: 2 })).toThrow(TypeError);
    expect(() => Object.defineProperty(table, 'other', { value: 2 })).toThrow(TypeError);
    expect(table.pid).toBe(1);
  });

  test('can be awaited, printed, compared and turned into JSON', async () => {
    const table = tableOf('global', { pid: 1 });
    expect(await table).toBe(table);
    expect(JSON.stringify(table)).toBe('{"pid":1}');
    expect(inspect(table)).toContain('pid');
    expect(table).toEqual({ pid: 1 });
    expect(table).toMatchObject({ pid: 1 });
  });
});
