import { describe, expect, test } from 'vitest';
import { BpfObject } from '../../src/index.js';
import { tryMkdir } from '../support/directory.js';
import { fixture } from '../support/objects.js';

interface Stage {
  runs: number;
  turn: number;
  error: number;
}

interface Stacked {
  programs: 'judge_first' | 'judge_second' | 'judge_third' | 'observe';
  maps: object;
  globals: {
    target_pid: number;
    clock: number;
    first: Stage;
    second: Stage;
    third: Stage;
    observed: number;
    final_verdict: number;
  };
}

async function loadStacked(): Promise<BpfObject<Stacked>> {
  const open = BpfObject.open<Stacked>(fixture('stacked'));
  open.globals.target_pid = process.pid;
  return open.load();
}

const EACCES = 13;
const ENOSPC = 28;

describe('several programs on one hook', () => {
  test('two that allow and one that denies: denied, and allowed again without it', async () => {
    using object = await loadStacked();
    const { programs, globals } = object;
    expect(tryMkdir()).toBe('0');
    globals.first = { runs: 0, turn: 0, error: EACCES };
    const denies = programs.judge_first.attach();
    using _second = programs.judge_second.attach();
    using _third = programs.judge_third.attach();
    expect(tryMkdir()).toBe('EACCES');
    expect([globals.first.runs, globals.second.runs, globals.third.runs]).toEqual([1, 1, 1]);
    denies.close();
    expect(tryMkdir()).toBe('0');
    expect([globals.first.runs, globals.second.runs, globals.third.runs]).toEqual([1, 2, 2]);
  });

  test('are asked from the newest to the oldest', async () => {
    using object = await loadStacked();
    const { programs, globals } = object;
    using _second = programs.judge_second.attach();
    using _first = programs.judge_first.attach();
    using _third = programs.judge_third.attach();
    expect(tryMkdir()).toBe('0');
    expect([globals.third.turn, globals.first.turn, globals.second.turn]).toEqual([1, 2, 3]);
  });

  test('are not asked any more once one has denied, so the errno is that of the newest that denies', async () => {
    using object = await loadStacked();
    const { programs, globals } = object;
    globals.first = { runs: 0, turn: 0, error: EACCES };
    globals.second = { runs: 0, turn: 0, error: ENOSPC };
    using _first = programs.judge_first.attach();
    using _second = programs.judge_second.attach();
    using _third = programs.judge_third.attach();
    expect(tryMkdir()).toBe('ENOSPC');
    expect([globals.third.runs, globals.second.runs, globals.first.runs]).toEqual([1, 1, 0]);
  });

  test('leave their verdict to an observer on the function of the hook, whoever has given it', async () => {
    using object = await loadStacked();
    const { programs, globals } = object;
    using _observer = programs.observe.attach();
    expect(tryMkdir()).toBe('0');
    expect([globals.observed, globals.final_verdict]).toEqual([1, 0]);
    using _first = programs.judge_first.attach();
    using _second = programs.judge_second.attach();
    for (const [first, second, verdict, name] of [
      [0, 0, 0, '0'],
      [EACCES, 0, -EACCES, 'EACCES'],
      [0, ENOSPC, -ENOSPC, 'ENOSPC'],
      [EACCES, ENOSPC, -ENOSPC, 'ENOSPC'],
      [0, 0, 0, '0'],
    ] as const) {
      const { observed } = globals;
      globals.first = { runs: 0, turn: 0, error: first };
      globals.second = { runs: 0, turn: 0, error: second };
      expect(tryMkdir()).toBe(name);
      expect([globals.observed - observed, globals.final_verdict]).toEqual([1, verdict]);
    }
  });
});
