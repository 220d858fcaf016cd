import type { EngineOptions } from '../policy/index.js';
import { readToken } from './token-file.js';

export const DIRECTORY = ['--directory <path>', 'where on a bpffs the policies are kept'] as const;

/** Of all commands that a guard may ask for the token. */
export const TOKEN_FILE = [
  '--token-file <path>',
  'the file with the token, where policies are guarded',
] as const;

/** What these options give. */
export interface EngineFlags {
  tokenFile?: string;
  directory?: string;
}

/** @throws BpfError as {@link readToken} */
export function engineOptions({ tokenFile, directory }: EngineFlags): EngineOptions {
  return { ...(directory !== undefined && { directory }), ...readToken(tokenFile) };
}
