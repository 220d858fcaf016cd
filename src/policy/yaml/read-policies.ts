import { readFileSync } from 'node:fs';
import { BpfError } from '../../errors.js';
import type { Policy } from '../model/index.js';
import { parsePolicies } from './parse-policies.js';

/**
 * Reads policies from files; see {@link parsePolicies}.
 *
 * @param file - the path of a YAML file
 * @throws PolicyError when they are not valid; BpfError with the errno when the file cannot be read
 */
export function readPolicies(file: string): Policy[] {
  return parsePolicies(decode(readBytes(file), file), file);
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code = 'EIO', errno, syscall } = error as NodeJS.ErrnoException;
    throw new BpfError(`the policy file ${file} cannot be read: ${code}`, {
      code,
      errno,
      syscall,
      reason: code === 'EACCES' || code === 'EPERM' ? 'permission' : 'input',
      path: file,
      cause: error,
    });
  }
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BpfError(`the policy file ${file} is no text in UTF-8`, {
      code: 'ERR_BPF_POLICY',
      reason: 'input',
      path: file,
      hint: 'save it as UTF-8',
      cause,
    });
  }
}
