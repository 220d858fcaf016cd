import type { ParsedNode } from 'yaml';
import type { Policy } from '../model/index.js';
import { PolicyError, type PolicyProblem, validatePolicy } from '../schema/index.js';
import { type Documents, parseDocuments } from './documents.js';
import { offsetOf, plainValue } from './plain-value.js';
import { rememberSource } from './sources.js';

/**
 * Reads policies from YAML, one to a document; JSON is YAML, too.
 *
 * The YAML is version 1.2 without what makes one thing look like another: anchors and aliases, tags, duplicate keys,
 * numbers that are not decimal, and unquoted words such as `no`, which other readers take for truth values.
 *
 * @param text - at most 64 Mi characters
 * @param file - where it comes from, for messages
 * @returns the policies in their order, each as {@link definePolicy} returns it; at least one
 * @throws PolicyError with all that is wrong, each with its line and column
 */
export function parsePolicies(text: string, file?: string): Policy[] {
  const what = file ?? 'the policy';
  const parsed = parseDocuments(text);
  if ('message' in parsed) throw new PolicyError(what, [problem([], parsed.message, file)], file);
  if (parsed.documents.length === 0)
    throw new PolicyError(what, [problem([], 'it holds no policy', file)], file);

  const results = parsed.documents.map((document) => readDocument(document, parsed, file));
  const policies = results.flatMap(({ policy }) => policy ?? []);
  const problems = [...results.flatMap(({ problems }) => problems), ...sameNames(policies, results, file)];
  if (problems.length > 0) throw new PolicyError(what, problems.sort(byPlace), file);
  return policies;
}

interface Result {
  policy?: Policy;
  problems: PolicyProblem[];
  placeOf: (path: readonly (string | number)[]) => { line: number; column: number };
}

function readDocument(
  { root, offset, faults }: Documents['documents'][number],
  { placeOf }: Documents,
  file: string | undefined,
): Result {
  const at = (path: readonly (string | number)[]) => placeOf(root ? offsetOf(root, path) : offset);
  const bad = (some: typeof faults) =>
    some.map((fault) => problem([], fault.message, file, placeOf(fault.offset)));
  if (faults.length > 0) return { problems: bad(faults), placeOf: at };
  if (isEmpty(root)) return { problems: [problem([], 'this document is empty', file, at([]))], placeOf: at };

  const plain = plainValue(root);
  const result = validatePolicy(plain.value);
  const problems = bad(plain.faults);
  const refused = new Set(plain.faults.map((fault) => fault.offset));
  if ('problems' in result) {
    // What was refused above has no value that could be judged.
    const judged = result.problems.filter(({ path }) => !refused.has(root ? offsetOf(root, path) : offset));
    problems.push(...judged.map(({ path, message }) => problem(path, message, file, at(path))));
    return { problems, placeOf: at };
  }
  rememberSource(result.policy, { ...(file !== undefined && { file }), placeOf: at });
  return { policy: result.policy, problems, placeOf: at };
}

function isEmpty(root: ParsedNode | null): boolean {
  return root === null || ('source' in root && root.source === '');
}

function sameNames(policies: readonly Policy[], results: readonly Result[], file?: string): PolicyProblem[] {
  const seen = new Set<string>();
  return policies.flatMap((policy) => {
    const isNew = !seen.has(policy.name);
    seen.add(policy.name);
    if (isNew) return [];
    const place = results.find((result) => result.policy === policy)?.placeOf(['name']);
    return [problem(['name'], `there are two policies "${policy.name}": give one another name`, file, place)];
  });
}

function problem(
  path: readonly (string | number)[],
  message: string,
  file?: string,
  place?: { line: number; column: number },
): PolicyProblem {
  return { path, message, ...(file !== undefined && { file }), ...place };
}

function byPlace(a: PolicyProblem, b: PolicyProblem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}
