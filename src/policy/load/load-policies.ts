import { extname } from 'node:path';
import type { Policy } from '../model/index.js';
import { readPolicies } from '../yaml/index.js';
import { policiesOfModule } from './policies-of-module.js';

const OF_MODULES: readonly string[] = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];

/**
 * The policies of a file: YAML, as {@link readPolicies} takes it, or a module of JavaScript or TypeScript, told by the
 * ending of its name. The default export of a module is a policy or a list of policies: what {@link definePolicy} gives, or
 * what it takes.
 *
 * A module is run, once for each process, and can do whatever this process can. TypeScript is read by Node itself, from
 * 22.18 on.
 *
 * @param file - its path
 * @throws PolicyError when they are not valid; BpfError `ERR_BPF_POLICY` when a module cannot be run, or with the errno
 *   when a file cannot be read
 */
export async function loadPolicies(file: string): Promise<Policy[]> {
  return OF_MODULES.includes(extname(file)) ? policiesOfModule(file) : readPolicies(file);
}
