import type { ChildProcess } from 'node:child_process';
import { ConsoleTail } from './console.js';
import { type Privilege, startSandbox } from './sandbox.js';
import { reportPrefix, type SandboxPlan, type SandboxReport } from './sandbox-plan.js';

/** Why a guest is gone. */
export interface Ending {
  /** What the sandbox reported, or how it ended itself. */
  readonly why: string;
  /** The kernel's own words, when it panicked. */
  readonly panic: string | undefined;
}

/** A running sandbox with QEMU in it. */
export class MachineProcess {
  readonly console: ConsoleTail;
  /** Fulfilled when nothing of it runs any more. */
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  #failure: string | undefined;
  #said = '';

  constructor(privilege: Privilege, plan: SandboxPlan, onConsole: ((line: string) => void) | undefined) {
    this.console = new ConsoleTail(200, onConsole);
    this.#child = startSandbox(privilege, plan);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.console.push(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.ended = new Promise((resolve) => {
      const end = (why: string): void => resolve({ why: this.#failure ?? why, panic: this.console.panic });
      this.#child.on('error', (error) => end(error.message));
      this.#child.on('close', (code, signal) => end(`it ended with ${signal ?? `status ${code}`}`));
    });
  }

  #hear(text: string): void {
    const lines = (this.#said + text).split('\n');
    this.#said = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith(reportPrefix))
        this.#note(JSON.parse(line.slice(reportPrefix.length)) as SandboxReport);
      else this.console.push(`${line}\n`);
    }
  }

  #note(report: SandboxReport): void {
    if ('failed' in report) this.#failure ??= report.failed;
    else if (report.ended.code !== 0) {
      this.#failure ??= `QEMU ended with ${report.ended.signal ?? `status ${report.ended.code}`}`;
    }
  }

  /** Ends everything at once. */
  kill(): void {
    this.#child.stdin?.destroy();
    this.#child.kill('SIGKILL');
  }

  /** A guest that is idle must not keep this process alive, and one that is used does so by its sockets. */
  get pid(): number | undefined {
    return this.#child.pid;
  }
}
