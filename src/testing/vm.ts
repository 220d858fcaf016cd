import { once } from 'node:events';
import { Readable } from 'node:stream';
import { type Started, startGuest } from './boot.js';
import { guestEnvironment } from './environment.js';
import { VmError, type VmErrorCode } from './errors.js';
import { type ExitStatus, exitStatus, GuestProcess, portStream } from './guest-process.js';
import type { Kernel } from './kernel-cache.js';
import type { Ending } from './machine-process.js';
import { type BootOptions, type BootSettings, bootSettings } from './options.js';
import type { Accel } from './qemu.js';
import type { InputMode, Slot } from './slot.js';
import { commandWords } from './words.js';

/** Options of {@link Vm.spawn}. */
export interface SpawnOptions {
  /** The working directory in the guest; that of the guest's options when not given. */
  readonly cwd?: string;
  /** Variables on top of the caller's PATH, HOME, LANG, TERM, CI, FORCE_COLOR and NO_COLOR; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Shall the command's standard input be a stream? Without, it is /dev/null. Not together with `channel`. */
  readonly stdin?: boolean;
  /** Shall the command's file descriptor 3 be a byte channel to the caller, both ways? */
  readonly channel?: boolean;
}

/** Options of {@link Vm.run}. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What the command reads on standard input; /dev/null when not given. */
  readonly stdin?: string | Uint8Array | Readable;
  /** How long the command may take, in milliseconds; then it gets SIGTERM, two seconds later SIGKILL. */
  readonly timeout?: number;
  /** Ends the command in the same way. */
  readonly signal?: AbortSignal;
  /** Told of what the command writes to standard output, as it comes. */
  readonly onStdout?: (chunk: Buffer) => void;
  /** Told of what it writes to standard error. */
  readonly onStderr?: (chunk: Buffer) => void;
}

/** What a command came to. A status other than 0 is a result, not an error. */
export interface RunResult extends ExitStatus {
  readonly stdout: string;
  readonly stderr: string;
}

/** From SIGTERM to SIGKILL, and from SIGKILL to giving the guest up (ms). */
const GRACE = 2_000;
const GIVE_UP = 10_000;

/** A guest that is up. */
export class Vm {
  /** Its kernel: line, package, version, release. */
  readonly kernel: Kernel;
  /** `kvm` or `tcg` (emulation). */
  readonly accel: Accel;
  readonly #parts: Started;
  readonly #settings: BootSettings;
  readonly #gone: Promise<never>;
  readonly #waiting: (() => void)[] = [];
  #error: VmError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(parts: Started, settings: BootSettings) {
    this.#parts = parts;
    this.#settings = settings;
    this.kernel = parts.kernel;
    this.accel = parts.accel;
    this.#gone = parts.process.ended.then((ending) => {
      parts.cleanUp();
      this.#error ??=
        this.#closing === undefined
          ? death(ending, this)
          : new VmError('CLOSED', 'The guest has been closed.');
      for (const wake of this.#waiting.splice(0)) wake();
      throw this.#error;
    });
    this.#gone.catch(() => undefined);
  }

  /**
   * Boots a guest and returns when it takes commands. Fetches its kernel first when the cache has none.
   * Throws VmError: 'MISSING_PROGRAM', 'BAD_OPTION', 'NO_KERNEL', 'UNWRITABLE', 'NO_SANDBOX', 'BOOT_TIMEOUT', 'PANIC',
   * 'GUEST_DIED'.
   */
  static async boot(options: BootOptions = {}): Promise<Vm> {
    const settings = bootSettings(options);
    try {
      return await Vm.#bootOnce(settings);
    } catch (error) {
      // Emulation of a busy boot goes wrong now and then; a kernel that really cannot boot panics again.
      if (!(error instanceof VmError) || error.code !== 'PANIC') throw error;
      settings.onNote(
        `The guest's kernel panicked while it booted; trying once more. ${error.console.at(-1) ?? ''}`,
      );
      return Vm.#bootOnce(settings);
    }
  }

  static async #bootOnce(settings: BootSettings): Promise<Vm> {
    const vm = new Vm(await startGuest(settings), settings);
    try {
      await vm.#ready();
      return vm;
    } catch (error) {
      await vm.close();
      throw error;
    }
  }

  async #ready(): Promise<void> {
    const { control } = this.#parts;
    const limit = this.#settings.timeout;
    let timer: NodeJS.Timeout | undefined;
    const up = new Promise<void>((resolve, reject) => {
      control.onData = () => resolve();
      const why = `The guest with kernel ${this.kernel.release} was not up within ${limit} ms: give it more time (timeout), if this machine is only busy.`;
      timer = setTimeout(() => reject(new VmError('BOOT_TIMEOUT', why, { console: this.console })), limit);
    });
    await Promise.race([up, this.#gone]).finally(() => clearTimeout(timer));
  }

  /** False once the guest is gone, whatever the reason. */
  get alive(): boolean {
    return this.#error === undefined && this.#closing === undefined;
  }

  /** The last lines of the guest's console, oldest first, at most 30. */
  get console(): readonly string[] {
    return this.#parts.process.console.lines.slice(-30);
  }

  /**
   * Starts a command in the guest and returns while it runs. `argv[0]` is looked up in PATH; arguments may hold
   * anything but NUL. Waits for a free slot when many commands run already. Throws VmError when the guest is gone.
   */
  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<GuestProcess> {
    const env = guestEnvironment(process.env, options.env);
    const words = commandWords({ cwd: options.cwd ?? this.#settings.cwd, env, argv });
    checkWords(argv, words, options);
    const slot = await this.#freeSlot();
    const mode: InputMode = options.channel ? 'c' : options.stdin ? 'i' : 'n';
    return this.#start(slot, argv, words, mode);
  }

  async #freeSlot(): Promise<Slot> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      const slot = this.#parts.slots.find(({ busy }) => !busy);
      if (slot !== undefined) {
        slot.busy = true;
        return slot;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async #start(
    slot: Slot,
    argv: readonly string[],
    words: readonly string[],
    mode: InputMode,
  ): Promise<GuestProcess> {
    const [stdout, stderr] = [portStream(slot.output), portStream(slot.errors)];
    // That the guest is gone is told by `exited`: a stream that nobody listens to must not end the caller's process.
    for (const stream of [stdout, stderr]) stream.on('error', () => undefined);
    const signals: NodeJS.Signals[] = [];
    let state: 'starting' | 'running' | 'ended' = 'starting';
    const kill = (signal: NodeJS.Signals): void => {
      if (state === 'starting') signals.push(signal);
      if (state === 'running') this.#parts.control.send(`kill ${signal.slice(3)} ${slot.number}\n`);
    };
    let finish: (status: ExitStatus) => void = () => undefined;
    const ended = new Promise<ExitStatus>((resolve) => {
      finish = resolve;
    });
    const input = await slot.start(words, mode, {
      begin: () => {
        state = 'running';
        for (const signal of signals) kill(signal);
      },
      stdout: (chunk) => stdout.push(chunk) || slot.output.pause(),
      stderr: (chunk) => stderr.push(chunk) || slot.errors.pause(),
      end: (status) => {
        state = 'ended';
        input?.destroy();
        stdout.push(null);
        stderr.push(null);
        finish(exitStatus(status));
        this.#waiting.shift()?.();
      },
    });
    const exited = Promise.race([ended, this.#gone]);
    exited.catch((error: Error) => {
      for (const stream of [stdout, stderr]) stream.destroy(error);
    });
    const stdin = mode === 'i' ? input : undefined;
    const channel = mode === 'c' ? input : undefined;
    return new GuestProcess({ command: argv, stdout, stderr, stdin, channel, exited, kill });
  }

  /**
   * Runs a command in the guest to its end and returns its status and output. Throws VmError: 'TIMEOUT' and
   * 'ABORTED' (with the output so far), 'PANIC', 'GUEST_DIED', 'GUEST_HANGS', 'CLOSED', 'BAD_OPTION'.
   */
  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const { cwd, env, stdin, onStdout, onStderr } = options;
    const child = await this.spawn(argv, {
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      stdin: stdin !== undefined,
    });
    const output = [collect(child.stdout, onStdout), collect(child.stderr, onStderr)] as const;
    feed(child, stdin);
    const stop = this.#stopWhen(child, options);
    try {
      const status = await Promise.race([child.exited, stop.gaveUp]);
      await Promise.all(output.map(({ ended }) => ended));
      const [stdout, stderr] = output.map(({ text }) => text()) as [string, string];
      if (stop.reason !== undefined) throw stopped(stop.reason, argv, options, this, stdout, stderr);
      return { ...status, stdout, stderr };
    } finally {
      stop.clear();
    }
  }

  /** Ends a command when its time is up or its caller says so, and the guest when that is of no avail. */
  #stopWhen(child: GuestProcess, { timeout, signal }: RunOptions): Stop {
    const timers: NodeJS.Timeout[] = [];
    const stop: { reason: 'TIMEOUT' | 'ABORTED' | undefined; gaveUp: Promise<never>; clear: () => void } = {
      reason: undefined,
      gaveUp: new Promise(() => undefined),
      clear: () => undefined,
    };
    stop.gaveUp = new Promise((_, reject) => {
      const begin = (reason: 'TIMEOUT' | 'ABORTED'): void => {
        if (stop.reason !== undefined) return;
        stop.reason = reason;
        child.kill('SIGTERM');
        timers.push(setTimeout(() => child.kill('SIGKILL'), GRACE));
        timers.push(setTimeout(() => reject(this.#giveUp(child.command)), GIVE_UP));
      };
      const abort = (): void => begin('ABORTED');
      if (timeout !== undefined) timers.push(setTimeout(() => begin('TIMEOUT'), timeout));
      if (signal?.aborted) abort();
      signal?.addEventListener('abort', abort);
      stop.clear = () => {
        for (const timer of timers) clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
    });
    return stop;
  }

  #giveUp(command: readonly string[]): VmError {
    const message = `The guest with kernel ${this.kernel.release} does not answer: it could not end "${command.join(' ')}".`;
    this.#error = new VmError('GUEST_HANGS', message, { console: this.console, command });
    this.#parts.process.kill();
    return this.#error;
  }

  /** Ends the guest; what it had written to its shares stays. Does nothing the second time. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    const { control, process } = this.#parts;
    // Only a share keeps anything of what the guest still holds in its caches.
    if (Object.keys(this.#settings.shares).length > 0) {
      control.send('down\n');
      const timer = setTimeout(() => process.kill(), GRACE);
      await process.ended;
      clearTimeout(timer);
    }
    process.kill();
    await process.ended;
  }

  /** Closes it at the end of the scope of `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

interface Stop {
  readonly reason: 'TIMEOUT' | 'ABORTED' | undefined;
  readonly gaveUp: Promise<never>;
  readonly clear: () => void;
}

function checkWords(argv: readonly string[], words: readonly string[], options: SpawnOptions): void {
  if (argv.length === 0) throw new VmError('BAD_OPTION', 'A command needs at least the name of a program.');
  if (words.some((word) => word.includes('\0'))) {
    throw new VmError('BAD_OPTION', 'A command for the guest may not hold a NUL character.', {
      command: argv,
    });
  }
  if (options.stdin && options.channel) {
    throw new VmError('BAD_OPTION', 'A command in the guest has either stdin or channel, not both.', {
      command: argv,
    });
  }
}

function collect(
  stream: Readable,
  onChunk: ((chunk: Buffer) => void) | undefined,
): { text: () => string; ended: Promise<unknown> } {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    onChunk?.(chunk);
  });
  const ended = once(stream, 'end');
  ended.catch(() => undefined);
  return { text: () => Buffer.concat(chunks).toString(), ended };
}

function feed(child: GuestProcess, stdin: RunOptions['stdin']): void {
  if (child.stdin === undefined || stdin === undefined) return;
  // A command need not read its input to the end.
  child.stdin.on('error', () => undefined);
  if (stdin instanceof Readable) stdin.pipe(child.stdin);
  else child.stdin.end(stdin);
}

function stopped(
  code: 'TIMEOUT' | 'ABORTED',
  command: readonly string[],
  options: RunOptions,
  vm: Vm,
  stdout: string,
  stderr: string,
): VmError {
  const why =
    code === 'TIMEOUT' ? `after its time limit of ${options.timeout} ms` : 'because its caller aborted it';
  const message = `"${command.join(' ')}" was killed in the guest with kernel ${vm.kernel.release} ${why}.`;
  return new VmError(code, message, {
    command,
    stdout,
    stderr,
    console: vm.console,
    cause: options.signal?.reason,
  });
}

function death(ending: Ending, vm: Vm): VmError {
  const code: VmErrorCode = ending.panic === undefined ? 'GUEST_DIED' : 'PANIC';
  const what = ending.panic === undefined ? `ended by itself: ${ending.why}` : `died: ${ending.panic}`;
  const message = `The guest with kernel ${vm.kernel.release} ${what.replace(/\.$/, '')}.`;
  return new VmError(code, message, { console: vm.console });
}
