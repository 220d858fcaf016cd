import type { z } from 'zod';
import { ALL_OPERATIONS } from '../model/index.js';

type Issue = z.core.$ZodIssue;

// What a reader most likely meant is the form that costs least to come to.
const VALUE = 1;
const MISSING_KEY = 10;
const STRANGE_KEY = 20;
/** All that is wrong with the objects of a rule counts no more than this: the operations say what was meant. */
const MOST_FOR_OBJECTS = 900;
const STRANGE_OBJECTS = 1_000;
const OTHER_OPERATION = 10_000;
const OTHER_EFFECT = 100_000;
const OTHER_KIND = 10_000_000;

/**
 * Of several forms that something could have, what is wrong with it as the one it comes nearest to; undefined when it is
 * like none of them.
 */
export function bestBranch(
  branches: readonly (readonly Issue[])[],
  value: unknown,
): readonly Issue[] | undefined {
  const priced = branches.map((issues) => ({ issues, cost: cost(issues, value) }));
  const best = priced.reduce((a, b) => (b.cost < a.cost ? b : a), {
    issues: [] as readonly Issue[],
    cost: OTHER_KIND,
  });
  return best.cost < OTHER_KIND ? best.issues : undefined;
}

function cost(issues: readonly Issue[], value: unknown): number {
  const sum = (some: readonly Issue[]) => some.reduce((total, issue) => total + costOfOne(issue, value), 0);
  const [ofObjects, others] = [true, false].map((wanted) =>
    issues.filter((issue) => isOfObjects(issue) === wanted),
  );
  return Math.min(MOST_FOR_OBJECTS, sum(ofObjects ?? [])) + sum(others ?? []);
}

/** Of objects that are there and may be, if only they were others. */
function isOfObjects(issue: Issue): boolean {
  return issue.path[0] === 'objects' && !(issue.code === 'invalid_type' && issue.expected === 'never');
}

function costOfOne(issue: Issue, value: unknown): number {
  const inner = at(value, issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.length * STRANGE_KEY;
    case 'invalid_type':
      if (inner === undefined) return MISSING_KEY;
      if (issue.expected === 'never') return issue.path[0] === 'objects' ? STRANGE_OBJECTS : OTHER_EFFECT;
      return issue.path.length === 0 ? OTHER_KIND : VALUE;
    case 'invalid_value':
      if (issue.path.length === 0) return OTHER_KIND;
      if (inner === undefined) return MISSING_KEY;
      return isOperation(issue.path, inner) ? OTHER_OPERATION : VALUE;
    case 'invalid_union':
      return costOfUnion(issue.errors.map((errors) => cost(errors, inner)));
    default:
      return VALUE;
  }
}

/** A value that is like none of the forms is as wrong as any other value; that its key is there says what was meant. */
function costOfUnion(costs: readonly number[]): number {
  const least = Math.min(...costs);
  return least < OTHER_KIND ? least : VALUE;
}

function isOperation(path: readonly PropertyKey[], value: unknown): boolean {
  return (path[0] === 'deny' || path[0] === 'allow') && ALL_OPERATIONS.some((name) => name === value);
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[step] : undefined,
    value,
  );
}
