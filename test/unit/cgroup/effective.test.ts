import { describe, expect, test } from 'vitest';
import type { AttachFlag } from '../../../src/cgroup/attached.js';
import { effectiveOrder, type Level } from '../../../src/cgroup/effective.js';
import type { Cgroup } from '../../../src/index.js';

const [own, above, top] = ['own', 'above', 'top'].map((path) => ({ path }) as Cgroup) as [
  Cgroup,
  Cgroup,
  Cgroup,
];

function level(cgroup: Cgroup, ids: readonly number[], ...flags: AttachFlag[]): Level {
  return { cgroup, programs: ids.map((programId) => ({ programId, flags })) };
}

/** `3 above preorder` and so on. */
function told(levels: readonly Level[], running: readonly number[]): string[] {
  return effectiveOrder(levels, running).map(({ programId, flags, owner }) =>
    [programId, owner?.path ?? '?', ...flags.filter((flag) => flag !== 'multi')].join(' '),
  );
}

describe('what runs for a cgroup comes', () => {
  test('from it first, then from those above', () => {
    const levels = [level(own, [1, 2], 'multi'), level(above, [], 'multi'), level(top, [3], 'multi')];
    expect(told(levels, [1, 2, 3])).toEqual(['1 own', '2 own', '3 top']);
  });

  test('from above, when nothing is attached to it', () => {
    expect(told([level(own, []), level(above, [], 'multi'), level(top, [3])], [3])).toEqual(['3 top']);
  });

  test('not from where another has taken its place', () => {
    const levels = [level(own, [1], 'override'), level(above, [2], 'override'), level(top, [3], 'multi')];
    expect(told(levels, [1, 3])).toEqual(['1 own override', '3 top']);
  });

  test('earlier with preorder, from the top down', () => {
    const levels = [level(own, [1, 2], 'multi'), level(above, [3], 'multi'), level(top, [4, 5], 'multi')];
    expect(told(levels, [5, 3, 1, 2, 4])).toEqual([
      '5 top preorder',
      '3 above preorder',
      '1 own',
      '2 own',
      '4 top',
    ]);
    expect(told(levels, [2, 1, 3, 4, 5])[0]).toBe('2 own preorder');
  });

  test('from several, when the same program is attached to them', () => {
    const levels = [level(own, [1, 2], 'multi'), level(above, [1], 'multi')];
    expect(told(levels, [1, 2, 1])).toEqual(['1 own', '2 own', '1 above']);
  });

  test('from where it cannot be seen', () => {
    expect(told([level(own, [1], 'multi')], [1, 9])).toEqual(['1 own', '9 ?']);
    expect(told([], [9])).toEqual(['9 ?']);
  });
});
