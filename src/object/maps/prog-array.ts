import { assertOptions, BpfError, rephrase } from '../../errors.js';
import { native } from '../../native.js';
import { BpfProgram } from '../program.js';
import { AnyMap } from './any-map.js';
import { type CreateOptions, createMap } from './create-map.js';
import { type MapOpenOptions, type MapSource, openMapById, openPinnedMap } from './map-source.js';
import { idAt, idsByIndex, indexBytes } from './slots.js';

/**
 * A program array: its slots hold the programs that bpf_tail_call() jumps to. A call into an empty slot falls through
 * to what follows it.
 *
 * The kernel empties the array when no process has it open and no pin holds it, whatever programs still use it
 * (kernel/bpf/arraymap.c prog_array_map_clear): keep it open, or pin it.
 */
export class ProgArray extends AnyMap {
  /** @internal */
  constructor(source: MapSource) {
    super(source, 'ProgArray');
  }

  /** Opens a program array that was pinned; see {@link BpfMap.open}. */
  static open(path: string, options?: MapOpenOptions): ProgArray {
    return new ProgArray(openPinnedMap(path, options));
  }

  /** Opens a program array by its id; see {@link BpfMap.openById}. */
  static openById(id: number, options?: MapOpenOptions): ProgArray {
    return new ProgArray(openMapById(id, options));
  }

  /** Makes a program array; see {@link BpfMap.create}. */
  static create(definition: CreateOptions): ProgArray {
    assertOptions(definition, 'ProgArray.create()');
    return new ProgArray(createMap({ ...definition, type: 'prog_array', keySize: 4, valueSize: 4 }));
  }

  /** How many slots it has. */
  get length(): number {
    return this.maxEntries;
  }

  /**
   * Puts a program into a slot, at once for all calls that begin from here on.
   *
   * @throws BpfError `EINVAL` when the program cannot be called from the programs that use the array, `E2BIG` when
   *   there is no such slot, `ERR_BPF_ARGUMENT`, `ERR_BPF_VALUE_RANGE`, `ERR_BPF_CLOSED`
   */
  set(index: number, program: BpfProgram): void {
    if (!(program instanceof BpfProgram)) {
      throw new BpfError(`map "${this.name}" takes BpfPrograms`, {
        code: 'ERR_BPF_ARGUMENT',
        reason: 'input',
        map: this.name,
      });
    }
    indexBytes(this, index);
    try {
      native().mapSetProgram(this.handle, index, program.handle);
    } catch (cause) {
      throw cause instanceof BpfError && cause.code === 'EINVAL'
        ? unfit(cause, program)
        : this.explained(cause);
    }
  }

  /** Empties a slot. @returns whether a program was there */
  delete(index: number): boolean {
    const element = indexBytes(this, index);
    try {
      return this.elements.delete(element);
    } catch (cause) {
      throw this.explained(cause);
    }
  }

  /** The id of the program in a slot; undefined for an empty one. Linux 4.14. */
  idOf(index: number): number | undefined {
    return idAt(this, index);
  }

  /** The ids of all programs in it by slot. */
  ids(): Map<number, number> {
    return idsByIndex(this);
  }
}

// kernel/bpf/core.c bpf_prog_map_compatible()
function unfit(cause: BpfError, { name }: BpfProgram): BpfError {
  return rephrase(
    cause,
    `program "${name}" cannot be called from the programs that use the array: ${cause.message}`,
    {
      reason: 'input',
      program: name,
      hint: 'all programs of an array must have the same type and attach type, LSM programs the same hook as well, and all must sleep or none',
    },
  );
}
