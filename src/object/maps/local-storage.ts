import { type Codec, describeValue, type Input } from '../../btf/index.js';
import { BpfError, rephrase } from '../../errors.js';
import { native } from '../../native.js';
import { AnyMap } from './any-map.js';
import type { MapSource } from './map-source.js';
import type { MapFamily } from './map-types.js';
import { modeFlags, type SetMode } from './set-mode.js';

/**
 * Values that belong to kernel objects, one for each: they go when their owner goes. There is no list of owners: the
 * kernel cannot walk them from here.
 */
export abstract class LocalStorage<Owner extends number | string, Value> extends AnyMap {
  readonly #owners: string;
  #values: Codec<Value> | undefined;

  /** @internal */
  protected constructor(source: MapSource, family: MapFamily, owners: string) {
    super(source, family);
    this.#owners = owners;
  }

  /** How values are laid out. @internal */
  get valueCodec(): Codec<Value> {
    this.#values ??= this.makeValueCodec<Value>();
    return this.#values;
  }

  /**
   * The value of an owner; undefined when it has none.
   *
   * @throws BpfError of the owner, see the class; `ERR_BPF_CLOSED`
   */
  get(owner: Owner): Value | undefined {
    const bytes = new Uint8Array(this.info.valueBytes);
    return this.#of(owner, () => native().mapLookupOf(this.handle, owner, bytes))
      ? this.valueCodec.decode(bytes)
      : undefined;
  }

  /** Whether an owner has a value. */
  has(owner: Owner): boolean {
    const bytes = new Uint8Array(this.info.valueBytes);
    return this.#of(owner, () => native().mapLookupOf(this.handle, owner, bytes));
  }

  /**
   * Sets the value of an owner, at once for all programs.
   *
   * @param mode - as {@link KeyedMap.set} has it
   * @throws BpfError of the owner, see the class; `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE` (nothing is written
   *   then); `EEXIST`, `ENOENT` as the mode says; `ERR_BPF_CLOSED`
   */
  set(owner: Owner, value: Input<Value>, mode: SetMode = 'any'): void {
    const flags = modeFlags(mode, this.name);
    const bytes = this.valueCodec.encode(value as Value);
    this.#of(owner, () => native().mapUpdateOf(this.handle, owner, bytes, flags));
  }

  /** Takes the value of an owner away. @returns whether it had one */
  delete(owner: Owner): boolean {
    return this.#of(owner, () => native().mapDeleteOf(this.handle, owner));
  }

  /** What a failure means that has to do with the owner; undefined for any other. @internal */
  protected abstract explainOwner(owner: Owner, error: BpfError): BpfError | undefined;

  #of<T>(owner: Owner, call: () => T): T {
    const number = typeof owner === 'number' && Number.isInteger(owner) && owner >= 0 && owner < 2 ** 31;
    if (!number && typeof owner !== 'string') throw this.#badOwner(owner);
    try {
      return call();
    } catch (cause) {
      if (!(cause instanceof BpfError)) throw cause;
      if (cause.code === 'ERR_BPF_ARGUMENT' && cause.errno === undefined) throw this.#badOwner(owner);
      throw this.explainOwner(owner, cause) ?? this.explained(cause);
    }
  }

  #badOwner(owner: unknown): BpfError {
    return new BpfError(`an owner in map "${this.name}" is ${this.#owners}, not ${describeValue(owner)}`, {
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
      map: this.name,
    });
  }
}

/** The failure of a number that is no open file descriptor, or not one of the right kind. */
export function badDescriptor(owner: unknown, error: BpfError, wanted: string): BpfError | undefined {
  if (error.code !== 'EBADF' && error.code !== 'ENOTSOCK') return undefined;
  return rephrase(error, `file descriptor ${describeValue(owner)} is no ${wanted}: ${error.message}`, {
    reason: 'input',
  });
}
