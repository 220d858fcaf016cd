import type { Policy } from '../model/index.js';
import { sourceOf } from '../yaml/index.js';

/** What a lint is about: a stable name, for programs. */
export type LintCode =
  | 'lockout'
  | 'no-directory'
  | 'not-there'
  | 'symlink'
  | 'identity'
  | 'no-cgroup'
  | 'contradiction'
  | 'duplicate'
  | 'redundant'
  | 'never-matches'
  | 'no-effect'
  | 'loader'
  | 'broad'
  | 'audit';

/** Something about a policy that is worth knowing before it is applied. */
export interface LintFinding {
  readonly code: LintCode;
  /**
   * `error`: it must not be applied so; `warning`: it most likely does not do what was meant; `note`: good to know.
   */
  readonly level: 'error' | 'warning' | 'note';
  /** The policy's name. */
  readonly policy: string;
  /** The index of the rule, where it is about one. */
  readonly rule?: number;
  /** Where it stands, of a policy that was read from a text. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** A sentence that says what to do. */
  readonly message: string;
}

/** Makes a finding about what a path in the policy leads to. */
export function finding(
  policy: Policy,
  path: readonly (string | number)[],
  level: LintFinding['level'],
  code: LintCode,
  message: string,
): LintFinding {
  const source = sourceOf(policy);
  const [first, second] = path;
  return {
    code,
    level,
    policy: policy.name,
    ...(first === 'rules' && typeof second === 'number' && { rule: second }),
    ...(source?.file !== undefined && { file: source.file }),
    ...source?.placeOf(path),
    message,
  };
}
