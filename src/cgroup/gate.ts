import { BpfError, rephrase } from '../errors.js';
import { BpfMap, type BpfProgram, type Link } from '../object/index.js';
import type { Cgroup } from './cgroup.js';

const gates = new WeakMap<BpfProgram, Gate>();

/**
 * The gate of a loaded `lsm/` program, which is attached once for all the cgroups in it.
 *
 * A cgroup is in the gate before the program is attached, and the program is attached before {@link Gate.admit}
 * returns: from then on no call goes unjudged. A cgroup that was removed does no harm in a gate, because the kernel gives
 * its id to no other until the next boot.
 */
export class Gate {
  readonly #program: BpfProgram;
  // A handle of its own: the object may be closed before.
  readonly #map: BpfMap<bigint, number>;
  readonly #inside = new Set<bigint>();
  #link: Link | undefined;

  private constructor(program: BpfProgram, map: BpfMap<bigint, number>) {
    this.#program = program;
    this.#map = map;
  }

  /**
   * The gate of a program: always the same one, until its last cgroup leaves.
   *
   * @throws BpfError `EPERM` without CAP_SYS_ADMIN
   */
  static of(program: BpfProgram, map: BpfMap<bigint, number>): Gate {
    const gate = gates.get(program) ?? new Gate(program, BpfMap.openById<bigint, number>(map.id));
    gates.set(program, gate);
    return gate;
  }

  /** The map, for pinning. */
  get map(): BpfMap<bigint, number> {
    return this.#map;
  }

  /**
   * Lets the program judge a cgroup and all that is below it.
   *
   * @returns the link, which all cgroups in the gate share
   * @throws BpfError `E2BIG` when the gate or the hook is full, `ERR_BPF_CGROUP_GONE`, and what `attach()` throws; the
   *   cgroup is not in the gate then
   */
  admit(cgroup: Cgroup): Link {
    try {
      cgroup.use(() => this.#map.set(cgroup.id, 1));
      this.#inside.add(cgroup.id);
      this.#link ??= this.#program.attach();
      return this.#link;
    } catch (cause) {
      this.dismiss(cgroup);
      throw isFull(cause) ? this.#full(cause) : cause;
    }
  }

  /** The opposite of {@link Gate.admit}; the last one detaches the program. */
  dismiss(cgroup: Cgroup): void {
    if (this.#inside.has(cgroup.id)) this.#map.delete(cgroup.id);
    this.leave(cgroup);
  }

  /** Forgets a cgroup that stays in the gate, because a pin keeps the program and the gate. */
  leave(cgroup: Cgroup): void {
    this.#inside.delete(cgroup.id);
    if (this.#inside.size > 0) return;
    this.#link?.close();
    this.#map.close();
    gates.delete(this.#program);
  }

  #full(cause: BpfError): BpfError {
    const { name, maxEntries } = this.#map;
    const message = `program "${this.#program.name}" cannot be attached: its gate has room for ${maxEntries} cgroups, and they are there`;
    const hint = 'give the map more maxEntries before the object is loaded';
    return rephrase(cause, message, { reason: 'input', map: name, program: this.#program.name, hint });
  }
}

// kernel/bpf/hashtab.c alloc_htab_elem()
function isFull(cause: unknown): cause is BpfError {
  return cause instanceof BpfError && cause.code === 'E2BIG' && cause.map !== undefined;
}
