import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

/** A program that answers each line with a line, such as those of test/fixtures: one process, asked again and again. */
export class Helper implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;

  /** @param prefix - the words that start it as somebody else, say */
  constructor(path: string | ChildProcessWithoutNullStreams, prefix: readonly string[] = []) {
    this.#child = typeof path === 'string' ? started(path, prefix) : path;
    this.#lines = createInterface({ input: this.#child.stdout });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ask(...words: (string | number)[]): Promise<string> {
    this.#child.stdin.write(`${words.join(' ')}\n`);
    const [line] = (await once(this.#lines, 'line')) as [string];
    return line;
  }

  /** Ends it, and waits until it has. */
  async end(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exited;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

function started(path: string, prefix: readonly string[]): ChildProcessWithoutNullStreams {
  const [command = path, ...args] = [...prefix, path];
  return spawn(command, args);
}
