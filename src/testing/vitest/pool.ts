import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PoolOptions, PoolRunnerInitializer, PoolWorker, WorkerRequest } from 'vitest/node';
import { VmError } from '../errors.js';
import type { ExitStatus, GuestProcess } from '../guest-process.js';
import type { BootOptions } from '../options.js';
import type { Vm } from '../vm.js';
import { encodeFrame, FrameReader, goodbye } from './frames.js';
import { SharedGuest } from './shared-guest.js';

/** Options of {@link vmPool}: those of `Vm.boot`, and what its workers get besides. */
export interface VmPoolOptions extends BootOptions {
  /** Variables for the test files; those of vitest's own configuration are passed too. */
  readonly env?: Readonly<Record<string, string>>;
  /** Told of the guest when it has been booted: which kernel runs the tests, and whether it is emulated. */
  readonly onBoot?: (guest: Pick<Vm, 'kernel' | 'accel'>) => void;
}

/** A worker that does not end by itself after its last test is killed after this time (ms). */
const GRACE = 1_000;

/** Variables vitest sets for its workers. */
const OWN = /^(?:VITEST.*|TEST|NODE_ENV|MODE|PROD|DEV|SSR|BASE_URL)$/;

/**
 * A vitest pool whose test files run as root inside a guest: `test: { pool: vmPool({ kernel: '6.12' }) }`. vitest
 * itself stays outside and reports as ever; each file is one Node process in the guest, which gets its modules from
 * vitest over a serial port. The guest is booted for the first file and shared by all. In the guest
 * `BPF_LSM_KERNEL` is the kernel line. For vitest 4.1. What a file writes stays in the guest, snapshots too.
 */
export function vmPool(options: VmPoolOptions = {}): PoolRunnerInitializer {
  const kernel = options.kernel ?? '7.3';
  const note = (text: string): boolean => process.stderr.write(`vm: ${text}\n`);
  const { env, onBoot = () => undefined, ...boot } = options;
  const guest = new SharedGuest({ onNote: note, ...boot, kernel }, onBoot);
  const watched = new WeakSet<object>();
  return {
    name: `vm-${kernel}`,
    createPoolWorker: (pool) => {
      const { vitest } = pool.project;
      if (!watched.has(vitest)) vitest.onClose(() => guest.close());
      watched.add(vitest);
      return new VmPoolWorker(`vm-${kernel}`, guest, pool, { ...env, BPF_LSM_KERNEL: kernel });
    },
  };
}

class VmPoolWorker implements PoolWorker {
  readonly name: string;
  /** The guest does not see what the host writes to its directory for temporary files. */
  readonly cacheFs = false;
  readonly #guest: SharedGuest;
  readonly #pool: PoolOptions;
  readonly #env: Readonly<Record<string, string>>;
  readonly #events = new EventEmitter();
  #child: GuestProcess | undefined;
  #stopping = false;

  constructor(name: string, guest: SharedGuest, pool: PoolOptions, env: Readonly<Record<string, string>>) {
    this.name = name;
    this.#guest = guest;
    this.#pool = pool;
    this.#env = env;
  }

  on(event: string, callback: (arg: unknown) => void): void {
    this.#events.on(event, callback);
  }

  off(event: string, callback: (arg: unknown) => void): void {
    this.#events.off(event, callback);
  }

  send(message: WorkerRequest): void {
    this.#child?.channel?.write(encodeFrame(message));
  }

  deserialize(data: unknown): unknown {
    return data;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const vm = await this.#guest.acquire();
    const { project, execArgv } = this.#pool;
    try {
      const worker = fileURLToPath(new URL('./worker.js', import.meta.url));
      const argv = [process.execPath, ...execArgv, worker];
      const child = await vm.spawn(argv, {
        cwd: project.config.root,
        env: this.#environment(),
        channel: true,
      });
      this.#child = child;
      this.#listen(child);
    } catch (error) {
      this.#guest.release();
      throw error;
    }
  }

  /** vitest hands the whole environment of its own process on: only what it adds to that is for the guest. */
  #environment(): Record<string, string> {
    const env: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.#pool.env)) {
      if (value !== undefined && (OWN.test(name) || value !== process.env[name])) env[name] = String(value);
    }
    // One thread of libuv's pool is always waiting for the channel.
    return { UV_THREADPOOL_SIZE: '5', ...env, ...this.#env };
  }

  #listen(child: GuestProcess): void {
    const { logger } = this.#pool.project.vitest;
    const reader = new FrameReader((message) => this.#events.emit('message', message));
    child.channel?.on('data', (chunk: Buffer) => reader.push(chunk));
    child.stdout.on('data', (chunk: Buffer) => logger.outputStream.write(chunk));
    child.stderr.on('data', (chunk: Buffer) => logger.errorStream.write(chunk));
    child.exited.then(
      (status) => this.#ended(workerDeath(status, this.#pool)),
      (error: unknown) => this.#ended(error),
    );
  }

  #ended(error: unknown): void {
    if (!this.#stopping) this.#events.emit('error', error);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#stopping = true;
    this.#child = undefined;
    child.channel?.write(goodbye());
    const exited = child.exited.catch(() => undefined);
    const killer = new AbortController();
    const late = sleep(GRACE, undefined, { signal: killer.signal }).then(
      () => child.kill('SIGKILL'),
      () => undefined,
    );
    await Promise.race([exited, late.then(() => exited)]);
    killer.abort();
    this.#guest.release();
  }
}

function workerDeath({ code, signal }: ExitStatus, { project, environment }: PoolOptions): VmError {
  const how = signal === null ? `with status ${code}` : `by ${signal}`;
  const who = `The worker of ${project.name} (${environment.name}) in the guest`;
  const advice =
    signal === 'SIGKILL' ? ': give the guest more memory, if that ran out (vmPool({ memory }))' : '';
  return new VmError('WORKER_DIED', `${who} ended ${how} before its test file was done${advice}.`);
}
