import { BpfError, rephrase } from '../errors.js';
import { native, type StatisticsHandle } from '../native.js';

// Dropping one ends the counting, so the garbage collector never gets one: it stays here until close().
const living = new Set<RunStatistics>();

/** The kernel counts the runs of all programs as long as this is open. */
export class RunStatistics implements Disposable {
  readonly #handle: StatisticsHandle;

  /** @internal */
  constructor(handle: StatisticsHandle) {
    this.#handle = handle;
    living.add(this);
  }

  /** Stops counting, unless somebody else has it on. Closing twice is fine. */
  close(): void {
    living.delete(this);
    native().statisticsClose(this.#handle);
  }

  /** Switches them off at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Makes the kernel count how often each program runs, and how long: `runCount` and `runTimeNs` of the inventory and
 * of `BpfProgram.info()`. It costs every run of every program two readings of the clock.
 *
 * ```ts
 * using statistics = enableRunStatistics();
 * ```
 *
 * Counting is on as long as any process has it open, or `sysctl kernel.bpf_stats_enabled` is 1. Linux 5.8;
 * kernel/bpf/syscall.c bpf_enable_stats().
 *
 * @throws BpfError `EPERM` without CAP_SYS_ADMIN
 */
export function enableRunStatistics(): RunStatistics {
  try {
    return new RunStatistics(native().statisticsEnable());
  } catch (cause) {
    if (!(cause instanceof BpfError) || cause.code !== 'EPERM') throw cause;
    throw rephrase(cause, cause.message, {
      reason: 'permission',
      hint: 'run it as root, or give it CAP_SYS_ADMIN: CAP_BPF is not enough',
    });
  }
}
