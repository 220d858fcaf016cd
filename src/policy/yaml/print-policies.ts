import type { Policy } from '../model/index.js';
import { writtenPolicy } from '../schema/index.js';
import { yaml } from './lazy-yaml.js';

/** Policies as YAML: {@link parsePolicies} reads from it what was printed. */
export function printPolicies(policies: readonly Policy[]): string {
  return policies.map((policy) => yaml().stringify(writtenPolicy(policy), OPTIONS)).join('---\n');
}

// Strings are quoted where any reader of YAML, old or new, could take them for something else.
const OPTIONS = {
  aliasDuplicateObjects: false,
  lineWidth: 0,
  compat: 'yaml-1.1',
  flowCollectionPadding: true,
} as const;
