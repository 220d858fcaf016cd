import type { z } from 'zod';
import { ALL_OPERATIONS, type Operation, type Target, targetOf } from '../model/index.js';
import { keysAt, MISSING, OBJECT_KEYS, OBJECT_WORDS } from './grammar.js';
import { andList, nearest, orList, suggestion } from './nearest.js';
import type { PolicyProblem } from './policy-error.js';
import { bestBranch } from './union-branch.js';

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

/** What the schema found wrong with a policy, in sentences. */
export function explain(issues: readonly Issue[], policy: unknown): PolicyProblem[] {
  const strange = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ key, of: String(issue.path) })) : [],
  );
  // A key that is missing because it is misspelt is told once; and what is an object in no form lacks no key in particular.
  const isTold = (issue: Issue) =>
    isMissing(issue, policy) &&
    strange.some(
      ({ key, of }) =>
        of === String(issue.path.slice(0, -1)) &&
        (isInUnion(issue.path) || nearest(key, [String(issue.path.at(-1))]).length > 0),
    );
  return issues.filter((issue) => !isTold(issue)).flatMap((issue) => explainOne(issue, policy));
}

function isMissing({ code, path }: Issue, policy: unknown): boolean {
  return (
    ['invalid_type', 'invalid_value'].includes(code) &&
    path.length > 0 &&
    at(policy, path as Path) === undefined
  );
}

function isInUnion([first, second, third]: readonly PropertyKey[]): boolean {
  return first === 'scope' || second === 'executables' || third === 'objects';
}

function explainOne(issue: Issue, policy: unknown): PolicyProblem[] {
  const path = issue.path as Path;
  const value = at(policy, path);
  if (isMissing(issue, policy)) return [{ path: path.slice(0, -1), message: missing(path, policy) }];
  switch (issue.code) {
    case 'invalid_union': {
      const branch = bestBranch(issue.errors, value);
      if (branch === undefined) return [{ path, message: wrongKind(path, value) }];
      return explain(
        branch.map((inner) => ({ ...inner, path: [...path, ...inner.path] })),
        policy,
      );
    }
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: wrongKey(key, path, policy) }));
    case 'invalid_type':
      if (issue.expected === 'never') return [{ path, message: strangeInRule(path, policy) }];
      return [{ path, message: wrongType(issue.expected, value) }];
    case 'invalid_value':
      return [{ path, message: wrongValue(issue.values.map(String), path, value) }];
    default:
      return [{ path, message: issue.message }];
  }
}

function missing(path: Path, policy: unknown): string {
  const key = String(path.at(-1));
  const holder = path.slice(0, -1);
  if (isInUnion(path) && Object.keys(at(policy, holder) ?? {}).length === 0) {
    const sorts = [...new Set(ruleOperations(policy, path).map(targetOf))];
    return `it names nothing: give it ${orList(keysAt(holder, sorts))}`;
  }
  return `it has no ${key}: ${MISSING[key] ?? 'give it one'}`;
}

function wrongKey(key: string, path: Path, policy: unknown): string {
  const given = ruleOperations(policy, path);
  const sorts = [...new Set(given.map(targetOf))];
  if (path.length === 4 && path[2] === 'objects') {
    const mapping = at(policy, path) as object;
    const known = sorts.some((sort) => OBJECT_KEYS[sort].includes(key));
    const others = Object.keys(mapping).filter((other) => other !== key);
    if (known) return `${key} cannot stand beside ${andList(others)}: give it an object of its own`;
    if (Object.values(OBJECT_KEYS).some((keys) => keys.includes(key))) {
      return `${key} does not tell ${sortWords(sorts)} apart, on which ${andList(given)} ${acts(given)}: there is ${andList(keysAt(path, sorts))}`;
    }
  }
  return `there is no key "${key}" here; ${suggestion(key, keysAt(path, sorts))}`;
}

/** Of a key that other rules have. */
function strangeInRule(path: Path, policy: unknown): string {
  const key = path.at(-1);
  return key === 'objects'
    ? objectsOfNothing(ruleOperations(policy, path))
    : `a rule either denies or allows: give ${key} a rule of its own`;
}

function objectsOfNothing(given: readonly Operation[]): string {
  const without = given.filter((operation) => targetOf(operation) === 'nothing');
  if (without.length > 0)
    return `${andList(without)} ${acts(without)} on no objects: leave objects out, or give ${orList(without)} a rule of its own`;
  const sorts = given.map((operation) => `${operation} on ${OBJECT_WORDS[targetOf(operation)]}`);
  return `the operations act on different objects (${andList(sorts)}): give each sort a rule of its own, or leave objects out`;
}

function wrongValue(values: readonly string[], path: Path, value: unknown): string {
  if (path[0] === 'rules' && (path[2] === 'deny' || path[2] === 'allow')) {
    return typeof value === 'string'
      ? `there is no operation "${value}"; ${suggestion(value, ALL_OPERATIONS)}`
      : wrongType('string', value);
  }
  const wanted = values.length <= 12 ? `it has to be ${orList(values)}` : 'it is none of the known names';
  if (typeof value !== 'string') return `${wanted}, and is ${typeWord(value)}`;
  return `${wanted}, and is "${value}"${values.length > 12 ? `; ${suggestion(value, values)}` : ''}`;
}

function wrongType(expected: string, value: unknown): string {
  const wanted = TYPE_WORDS[expected] ?? expected;
  const quotes =
    expected === 'string' && ['number', 'boolean'].includes(typeof value) ? ': put it in quotes' : '';
  return `it has to be ${wanted}, and is ${typeWord(value)}${quotes}`;
}

/** Of a value that is nothing like any of several forms. */
function wrongKind(path: Path, value: unknown): string {
  if (path[0] === 'scope')
    return `it has to be host, { cgroup: PATH } or { domain: NAME }, and is ${typeWord(value)}`;
  const number = path.at(-2) === 'uids' || path.at(-2) === 'gids' || path.at(-1) === 'port';
  const wanted = number ? 'a whole number, or { from: NUMBER, to: NUMBER }' : 'a mapping of keys to values';
  return `it has to be ${wanted}, and is ${typeWord(value)}`;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a mapping of keys to values',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
};

function typeWord(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `"${value}"`;
  if (typeof value === 'object') return 'a mapping';
  return String(value);
}

function sortWords(sorts: readonly Target[]): string {
  return andList(sorts.map((sort) => OBJECT_WORDS[sort]));
}

function acts(given: readonly Operation[]): string {
  return given.length === 1 ? 'acts' : 'act';
}

/** The operations that the rule of a path names, as far as there are such. */
function ruleOperations(policy: unknown, path: Path): Operation[] {
  const rule = at(policy, path.slice(0, 2)) as { deny?: unknown; allow?: unknown } | undefined;
  const given = [rule?.deny, rule?.allow].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  return given.filter((name): name is Operation => ALL_OPERATIONS.includes(name as Operation));
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[step] : undefined,
    value,
  );
}
