import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BpfError } from '../../errors.js';
import type { Policy } from '../model/index.js';
import { PolicyError, type PolicyProblem, validatePolicy, writtenPolicy } from '../schema/index.js';

/** The policies that a module exports by default. */
export async function policiesOfModule(file: string): Promise<Policy[]> {
  const exported = await defaultExport(file);
  if (Array.isArray(exported)) return exported.map((one, index) => policyOf(one, file, [index]));
  return [policyOf(exported, file, [])];
}

async function defaultExport(file: string): Promise<unknown> {
  assertRunnable(file);
  try {
    const module = (await import(pathToFileURL(resolve(file)).href)) as { default?: unknown };
    return module.default;
  } catch (cause) {
    throw notRun(file, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function assertRunnable(file: string): void {
  const { typescript } = process.features as { typescript?: 'strip' | 'transform' | false };
  if (typescript || !/\.[cm]?ts$/.test(file)) return;
  throw notRun(file, `Node ${process.versions.node} does not run TypeScript`, {
    hint: 'use Node 22.18 or newer, or compile it to JavaScript',
  });
}

function notRun(file: string, why: string, more: { cause?: unknown; hint?: string }): BpfError {
  return new BpfError(`the policies of ${file} cannot be loaded: ${why}`, {
    code: 'ERR_BPF_POLICY',
    reason: 'input',
    path: file,
    ...more,
  });
}

/** Defined by definePolicy(), perhaps that of another copy of this library, or as definePolicy() takes it. */
function policyOf(exported: unknown, file: string, at: PolicyProblem['path']): Policy {
  const result = isDefined(exported) ? validateDefined(exported) : validatePolicy(exported);
  if ('policy' in result) return result.policy;
  const problems = result.problems.map((problem) => ({ ...problem, path: [...at, ...problem.path], file }));
  throw new PolicyError(`the default export of ${file}`, problems, file);
}

/** Of the two forms only that of a policy in full has conditions; the other may say when. */
function isDefined(exported: unknown): exported is Policy {
  return typeof exported === 'object' && exported !== null && 'conditions' in exported;
}

function validateDefined(policy: Policy): ReturnType<typeof validatePolicy> {
  try {
    return validatePolicy(writtenPolicy(policy));
  } catch {
    // Something that only looks like a policy.
    return { problems: [{ path: [], message: 'it has to be a policy: what definePolicy() returns' }] };
  }
}
