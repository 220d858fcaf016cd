import { readFileSync } from 'node:fs';
import process from 'node:process';
import { BpfError } from '../../errors.js';
import type { Maps } from '../../object/index.js';
import type { EngineShape } from './kernel-maps.js';
import type { Turn } from './layout.js';

// struct control: `over` is its third word.
const OVER_WORD = 2;

/**
 * The right to change what the engine has, for one process at a time. It ends with {@link EngineTurn.end}, or with the
 * process: whoever comes next sees that it is gone.
 *
 * Turns are numbered, and the highest is the one that counts: of two processes that want the same number, the kernel lets
 * one have it (BPF_NOEXIST). Who has looked, and was stopped for so long that its number is free again, finds a higher one
 * when it has it. Its end is a store and no call of bpf(2), which the policies that were applied may deny.
 */
export class EngineTurn implements Disposable {
  readonly #control: Uint32Array;
  readonly #number: number;

  private constructor(control: Uint32Array, number: number) {
    this.#control = control;
    this.#number = number;
  }

  /** @throws BpfError `EBUSY` while another process has its turn */
  static take({ control, turns }: Pick<Maps<EngineShape>, 'control' | 'turns'>): EngineTurn {
    const words = new Uint32Array(control.memory());
    const entries = [...turns.entries()].sort(([a], [b]) => b - a);
    const [last] = entries;
    if (last && last[0] > Atomics.load(words, OVER_WORD) && isAlive(last[1])) throw busy(last[1].pid);
    const number = (last?.[0] ?? 0) + 1;
    try {
      turns.set(number, { pid: process.pid, zero: 0, started: startOf(process.pid) ?? 0n }, 'noexist');
    } catch (cause) {
      if (cause instanceof BpfError && cause.code === 'EEXIST') throw busy(turns.get(number)?.pid ?? 0);
      throw cause;
    }
    const others = [...turns.entries()].filter(([other]) => other !== number);
    const ahead = others.find(([other]) => other > number);
    if (ahead) {
      turns.delete(number);
      throw busy(ahead[1].pid);
    }
    for (const [old] of others) turns.delete(old);
    return new EngineTurn(words, number);
  }

  /** Lets the next one have its turn. */
  end(): void {
    Atomics.store(this.#control, OVER_WORD, this.#number);
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

function isAlive({ pid, started }: Turn): boolean {
  return startOf(pid) === started;
}

/** When a process began, in clock ticks: tells it from another that has its number later. Undefined when it is gone. */
function startOf(pid: number): bigint | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // proc(5): the state is field 3, the start is field 22. A zombie changes nothing any more.
    return state === 'Z' || state === 'X' ? undefined : BigInt(fields[18] ?? '0');
  } catch {
    return undefined;
  }
}

function busy(pid: number): BpfError {
  return new BpfError(`process ${pid} is changing the policies of this host right now`, {
    code: 'EBUSY',
    reason: 'input',
    hint: 'try again when it is done',
  });
}
