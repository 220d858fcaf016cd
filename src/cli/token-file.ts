import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { BpfError, usualReason } from '../errors.js';

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
    throw failed('read', path, cause);
  }
}

/**
 * The token in a file, which is made with a new one, for its owner only, if it is not there.
 *
 * @throws BpfError as {@link readToken}, and for a file that cannot be made
 */
export function readOrMakeToken(path: string): { token: string; made: boolean } {
  const made = make(path);
  return { token: readToken(path).token as string, made };
}

function make(path: string): boolean {
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw failed('written', path, cause);
  }
}

function failed(what: string, path: string, cause: unknown): BpfError {
  if (cause instanceof BpfError) return cause;
  const { code = 'EIO', errno, message } = cause as NodeJS.ErrnoException;
  return new BpfError(`the token cannot be ${what}: ${message}`, {
    code,
    reason: usualReason(code),
    errno,
    path,
    cause,
  });
}

function open(path: string): BpfError {
  return new BpfError(`the token in ${path} is not for others to read or write`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    path,
    hint: `chmod 600 ${path}`,
  });
}
