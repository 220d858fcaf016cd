import type { Policy } from '../model/index.js';
import type { Place } from './documents.js';

/** Where a policy was read from. */
export interface PolicySource {
  /** The name that was given with the text; absent when none was. */
  readonly file?: string;
  /** Where what a path leads to stands, such as `['rules', 2]`. */
  placeOf(path: readonly (string | number)[]): Place;
}

const sources = new WeakMap<Policy, PolicySource>();

/** Remembers where a policy was read from. */
export function rememberSource(policy: Policy, source: PolicySource): void {
  sources.set(policy, source);
}

/** Where a policy was read from; undefined for one that was not read from a text. */
export function sourceOf(policy: Policy): PolicySource | undefined {
  return sources.get(policy);
}
