import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { program } from './objects.js';

/** What a {@link Target} can be told to do. */
export type MprotectCommand = 'heap-exec' | 'heap-write' | 'stack-exec' | 'file-exec';

/** A process that changes the protection of its memory when told to; see test/fixtures/mprotect.c. */
export class Target implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams = spawn(program('mprotect'));
  readonly #lines: Interface = createInterface({ input: this.#child.stdout });

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** `0` or the name of the errno that mprotect(2) gave. */
  async ask(command: MprotectCommand): Promise<string> {
    this.#child.stdin.write(`${command}\n`);
    const [line] = (await once(this.#lines, 'line')) as [string];
    return line.slice(command.length + 1);
  }

  [Symbol.dispose](): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}
