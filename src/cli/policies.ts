import { loadPolicies, type Policy } from '../policy/index.js';

/** What commands say of the files that they take. */
export const POLICY_FILES =
  'files of policies: YAML, or JavaScript or TypeScript modules that export them by default';

/** The policies of all files, in the order of the files. */
export async function policiesOf(files: readonly string[]): Promise<Policy[]> {
  const policies: Policy[] = [];
  for (const file of files) policies.push(...(await loadPolicies(file)));
  return policies;
}
