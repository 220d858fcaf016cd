import { type ChildProcess, type Serializable, spawn } from 'node:child_process';
import { once } from 'node:events';
import { childScript } from './objects.js';

/** How a child ended, and what it printed. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A Node process that runs a script of test/children, with an IPC channel. */
export class Child implements Disposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;

  constructor(
    script: string,
    args: readonly string[] = [],
    options: { execArgv?: string[]; command?: string[] } = {},
  ) {
    const [command, ...prefix] = [...(options.command ?? []), process.execPath];
    const argv = [...prefix, ...(options.execArgv ?? []), childScript(script), ...args];
    this.#child = spawn(command ?? process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#ended = this.#collect();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The next message the child sends; an error when it ends instead. */
  async message(): Promise<unknown> {
    const ended = this.#ended.then(({ code, signal, stderr }) => {
      throw new Error(`the child ended with ${code ?? signal} before it sent a message: ${stderr}`);
    });
    return Promise.race([once(this.#child, 'message').then(([message]) => message as unknown), ended]);
  }

  send(message: Serializable): void {
    this.#child.send(message);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async ended(): Promise<Ended> {
    return this.#ended;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }

  async #collect(): Promise<Ended> {
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      this.#child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
        text[name] += chunk;
      });
    }
    const [code, signal] = (await once(this.#child, 'close')) as [number | null, NodeJS.Signals | null];
    return { code, signal, ...text };
  }
}
