import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { BpfError } from '../../errors.js';
import { native } from '../../native.js';

/** The fewest characters of a token. */
export const LEAST_TOKEN = 16;

/** "bpf-lsm-guard://": SCHEME in bpf/engine/guard_token.h. */
const SCHEME = 'bpf-lsm-guard://';

/** @throws BpfError `ERR_BPF_ARGUMENT` for what is no token; the error does not tell it */
export function assertToken(token: unknown): asserts token is string {
  if (typeof token === 'string' && token.length >= LEAST_TOKEN) return;
  throw new BpfError(`a maintenance token is a text of ${LEAST_TOKEN} characters at least`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    hint: "make one with randomBytes(32).toString('base64url')",
  });
}

/** What a token is presented as: 43 characters, whatever its length. */
function presentable(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** What the guard knows of a token: the words of SHA-256 of what is presented. */
export function hashOfToken(token: string): number[] {
  const hash = createHash('sha256').update(presentable(token)).digest();
  return Array.from({ length: hash.length / 4 }, (_, index) => hash.readUInt32BE(index * 4));
}

/** Which of several guards of a host is meant: that of a directory, by the number of its inode. */
export function guardId(directory: string): string {
  return statSync(directory, { bigint: true }).ino.toString(16).padStart(16, '0');
}

/**
 * Presents a token to the guard with this id: if it is right, this process may pass.
 *
 * bpf/engine/guard_token.h: as the path of bpf(BPF_OBJ_GET), which leads nowhere.
 *
 * @returns whether it was not refused
 */
export function presentToken(guard: string, token: string): boolean {
  return ask(presentation(guard, token)) !== 'EACCES';
}

/** The path that a token is presented as, to the guard with this id. */
export function presentation(guard: string, token: string): string {
  return `${SCHEME}${guard}+${presentable(token)}`;
}

/** Lets go of what {@link presentToken} gave; each has to be let go of. */
export function letGoOfToken(guard: string): void {
  ask(`${SCHEME}${guard}-${'-'.repeat(43)}`);
}

/** The errno that it fails with. The error is not handed on: the path in it holds the token. */
function ask(path: string): string {
  try {
    native().linkClose(native().linkOpenPinned(path));
    return '0';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EIO';
  }
}
