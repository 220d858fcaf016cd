import { BpfError } from '../../errors.js';
import { assertToken, guardId, letGoOfToken, presentToken } from './guard-token.js';
import { readReport } from './report.js';

/**
 * The right of this process to pass the guard of an engine, until it is given back: to its maps, programs and pins. Where
 * there is no guard it is no more than anybody has.
 */
export class Passage implements Disposable {
  readonly #directory: string;
  /** The guards that let this process pass: the same one, and as often as they were asked. */
  readonly #passed: string[] = [];

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * @param token - what the guard is asked with
   * @throws BpfError `ERR_BPF_GUARDED` where there is a guard and no token, `ERR_BPF_GUARD_TOKEN` for a wrong one,
   *   `ERR_BPF_ARGUMENT` for what cannot be one
   */
  static through(directory: string, token: string | undefined): Passage {
    if (token !== undefined) assertToken(token);
    const passage = new Passage(directory);
    if (readReport(directory)?.armed) passage.ask(token);
    return passage;
  }

  /** Asks a guard that is there by now. */
  ask(token: string | undefined): void {
    if (token === undefined) throw guarded(this.#directory);
    const guard = guardId(this.#directory);
    if (!presentToken(guard, token)) throw wrongToken(this.#directory);
    this.#passed.push(guard);
  }

  // Policies that deny bpf(2) to this process keep it from giving anything back: then it lasts as long as the process.
  [Symbol.dispose](): void {
    for (const guard of this.#passed.splice(0)) letGoOfToken(guard);
  }
}

function guarded(directory: string): BpfError {
  return new BpfError('the policies of this host are guarded: only who has the token changes them', {
    code: 'ERR_BPF_GUARDED',
    reason: 'permission',
    path: directory,
    hint: 'pass the token, or --token-file',
  });
}

function wrongToken(directory: string): BpfError {
  return new BpfError('the guard of the policies of this host has refused the token', {
    code: 'ERR_BPF_GUARD_TOKEN',
    reason: 'permission',
    path: directory,
    hint: 'it is the one of the last time that they were applied with a guard',
  });
}
