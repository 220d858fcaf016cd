import { setTimeout as sleep } from 'node:timers/promises';
import type { BootOptions } from '../options.js';
import { Vm } from '../vm.js';

/** Between two test files of a pool the guest waits for the next this long (ms). */
const IDLE = 1_000;

/** How long the end of a run waits for workers that have not said goodbye yet (ms). */
const PATIENCE = 5_000;

/** One guest for all workers of a pool: booted for the first, shut down when none has come for a while. */
export class SharedGuest {
  readonly #options: BootOptions;
  readonly #onBoot: (vm: Vm) => void;
  #vm: Promise<Vm> | undefined;
  #users = 0;
  #timer: NodeJS.Timeout | undefined;
  #onUnused: () => void = () => undefined;

  constructor(options: BootOptions, onBoot: (vm: Vm) => void) {
    this.#options = options;
    this.#onBoot = onBoot;
  }

  /** The guest; {@link release} it for every time. A guest that died is replaced by a new one. */
  async acquire(): Promise<Vm> {
    this.#users += 1;
    clearTimeout(this.#timer);
    this.#vm ??= this.#boot();
    try {
      const vm = await this.#vm;
      if (vm.alive) return vm;
      this.#vm = this.#boot();
      return await this.#vm;
    } catch (error) {
      this.#users -= 1;
      this.#vm = undefined;
      throw error;
    }
  }

  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#onUnused();
    this.#timer = setTimeout(() => void this.#shutDown(), IDLE);
  }

  /** Ends the guest when its last worker has gone. */
  async close(): Promise<void> {
    if (this.#users > 0) {
      const unused = new Promise<void>((resolve) => {
        this.#onUnused = resolve;
      });
      const timer = new AbortController();
      await Promise.race([
        unused,
        sleep(PATIENCE, undefined, { signal: timer.signal }).catch(() => undefined),
      ]);
      timer.abort();
    }
    await this.#shutDown();
  }

  async #boot(): Promise<Vm> {
    const vm = await Vm.boot(this.#options);
    this.#onBoot(vm);
    return vm;
  }

  async #shutDown(): Promise<void> {
    clearTimeout(this.#timer);
    const vm = this.#vm;
    this.#vm = undefined;
    await vm?.then(
      (booted) => booted.close(),
      () => undefined,
    );
  }
}
