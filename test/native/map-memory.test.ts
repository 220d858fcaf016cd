import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BpfArray, type BpfObject } from '../../src/index.js';
import { Child } from '../support/child.js';
import { loadEveryMap } from '../support/fixtures.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';
import type { EveryMap } from '../types/objects/every_map.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

let object: BpfObject<EveryMap>;
beforeEach(async () => {
  object = await loadEveryMap();
});
afterEach(() => object.close());

const mappings = () =>
  readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('bpf-map')).length;

describe('the memory of an array', () => {
  test('is what programs see and change', () => {
    const { shared } = object.maps;
    const counters = new BigUint64Array(shared.memory());
    expect(counters).toHaveLength(1000);
    expect(shared.stride).toBe(8);
    counters[999] = 41n;
    expect(object.programs.count_shared.run()).toBe(42);
    expect(counters[999]).toBe(42n);
    expect(shared.get(999)).toBe(42n);
    shared.set(0, 2n ** 64n - 1n);
    expect(counters[0]).toBe(2n ** 64n - 1n);
    expect(Atomics.add(counters, 999, 8n)).toBe(42n);
    expect(object.programs.count_shared.run()).toBe(51);
    expect(shared.memory()).toBe(counters.buffer);
  });

  test('has elements padded to 8 bytes', () => {
    const { shared_small: small } = object.maps;
    const words = new Uint32Array(small.memory());
    expect(small.stride).toBe(8);
    expect(words).toHaveLength(6);
    small.setMany([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect([...words]).toEqual([1, 0, 2, 0, 3, 0]);
    words[4] = 30;
    expect(small.get(2)).toBe(30);
  });

  test('is refused where it is not to be shared for writing', async () => {
    const { array, shared_rdonly_prog: constants } = object.maps;
    expect(await thrown(() => array.memory())).toMatchObject({
      code: 'ERR_BPF_ARGUMENT',
      map: 'array',
      hint: expect.stringContaining('BPF_F_MMAPABLE'),
    });
    expect(await thrown(() => constants.memory())).toMatchObject({
      code: 'ERR_BPF_READ_ONLY',
      reason: 'input',
      hint: expect.stringContaining('copy'),
    });
    using readable = BpfArray.openById(object.maps.shared.id, { access: 'read' });
    expect(await thrown(() => readable.memory())).toMatchObject({ code: 'ERR_BPF_READ_ONLY' });
    using frozen = BpfArray.create({ valueSize: 8, maxEntries: 1, flags: ['mmapable'] });
    frozen.freeze();
    expect(await thrown(() => frozen.memory())).toMatchObject({ code: 'ERR_BPF_READ_ONLY' });
    expect(frozen.get(0)).toEqual(new Uint8Array(8));
    frozen.close();
    expect(await thrown(() => frozen.memory())).toMatchObject({ code: 'ERR_BPF_CLOSED' });
  });

  test('keeps the array from being frozen, until nothing refers to it', async () => {
    const { shared } = object.maps;
    const collected = async (left: number) => {
      for (let i = 0; i < 20 && mappings() > left; i++) {
        collect();
        await nextTurn();
      }
      return mappings();
    };
    // Those of the tests before.
    const before = await collected(0);
    await (async () => {
      using other = BpfArray.openById<bigint>(shared.id);
      new Uint8Array(other.memory())[0] = 1;
      expect(mappings()).toBe(before + 1);
      expect(await thrown(() => shared.freeze())).toMatchObject({
        code: 'EBUSY',
        map: 'shared',
        hint: expect.stringContaining('mapped for writing'),
      });
    })();
    expect(await collected(before)).toBe(before);
    shared.freeze();
    expect(shared.frozen).toBe(true);
    expect(await thrown(() => shared.freeze())).toMatchObject({
      code: expect.stringMatching(/^(EPERM|EBUSY)$/),
      hint: expect.stringContaining('is frozen'),
    });
    expect(await thrown(() => shared.set(0, 1n))).toMatchObject({
      code: 'EPERM',
      reason: 'input',
      hint: expect.stringContaining('frozen'),
    });
    expect(object.programs.count_shared.run()).toBe(1);
  });

  test('does not keep globals from being frozen, though they are mapped too', () => {
    object.globals.found_mark = 5;
    object.maps['.bss'].freeze();
    expect(object.globals.found_mark).toBe(5);
    expect(() => {
      object.globals.found_mark = 6;
    }).toThrow('frozen');
  });

  test('stays good when the map is closed, and no JavaScript can take it away', async () => {
    using child = new Child('map-memory', [fixture('every_map')], { execArgv: ['--expose-gc'] });
    expect(await child.ended()).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^alive 7\n(copied|DataCloneError)\nwhole 1000\n$/),
    });
  });
});
