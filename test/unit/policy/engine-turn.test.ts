import { describe, expect, test } from 'vitest';
import { EngineTurn } from '../../../src/policy/engine/turn.js';
import { thrown } from '../../support/thrown.js';

interface Turn {
  pid: number;
  zero: number;
  started: bigint;
}

type Taken = Parameters<typeof EngineTurn.take>[0];

/** The two maps, as processes share them. */
class SharedMaps {
  readonly #words = new Uint32Array(4);
  readonly #turns = new Map<number, Turn>();
  /** Called when somebody has looked, and not written yet. */
  afterLook = () => {};

  get maps(): Taken {
    const turns = this.#turns;
    return {
      control: { memory: () => this.#words.buffer },
      turns: {
        entries: () => {
          const found = [...turns.entries()];
          this.afterLook();
          return found.values();
        },
        get: (number: number) => turns.get(number),
        set: (number: number, turn: Turn) => turns.set(number, turn),
        delete: (number: number) => turns.delete(number),
      },
    } as unknown as Taken;
  }
}

describe('the turn to change policies', () => {
  test('is of one at a time, and of the next when it has ended', async () => {
    const { maps } = new SharedMaps();
    const first = EngineTurn.take(maps);
    expect(await thrown(() => EngineTurn.take(maps))).toMatchObject({ code: 'EBUSY' });
    first.end();
    EngineTurn.take(maps).end();
  });

  test('is not of who was stopped between looking and taking it, while others had theirs', async () => {
    const shared = new SharedMaps();
    EngineTurn.take(shared.maps).end();
    let stopped = false;
    shared.afterLook = () => {
      if (stopped) return;
      stopped = true;
      EngineTurn.take(shared.maps).end();
      EngineTurn.take(shared.maps);
    };
    expect(await thrown(() => EngineTurn.take(shared.maps))).toMatchObject({ code: 'EBUSY' });
    expect(stopped).toBe(true);
    expect(await thrown(() => EngineTurn.take(shared.maps))).toMatchObject({ code: 'EBUSY' });
  });
});
