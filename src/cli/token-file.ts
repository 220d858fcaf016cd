import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { BpfError, usualReason } from '../errors.js';

/** The option of all commands that a guard may ask for the token. */
export const TOKEN_FILE = [
  '--token-file <path>',
  'the file with the token, where policies are guarded',
] as const;

/**
 * The token in a file; none without a file.
 *
 * @throws BpfError `ENOENT` and its like; `ERR_BPF_ARGUMENT` for a file that others can read or write
 */
export function readToken(path: string | undefined): { token?: string } {
  if (path === undefined) return {};
  try {
    if ((statSync(path).mode & 0o077) !== 0) throw open(path);
    return { token: readFileSync(path, 'utf8').trim() };
  } catch (cause) {
    if (cause instanceof BpfError) throw cause;
    const { code = 'EIO', errno, message } = cause as NodeJS.ErrnoException;
    throw new BpfError(`the token cannot be read: ${message}`, {
      code,
      reason: usualReason(code),
      errno,
      path,
      cause,
    });
  }
}

/** The token in a file, which is made with a new one, for its owner only, if it is not there. */
export function readOrMakeToken(path: string): { token: string; made: boolean } {
  const made = !existsSync(path);
  if (made) writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  return { token: readToken(path).token as string, made };
}

function open(path: string): BpfError {
  return new BpfError(`the token in ${path} is not for others to read or write`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    path,
    hint: `chmod 600 ${path}`,
  });
}
