import type { Codec, Input } from '../../btf/index.js';
import { assertOptions } from '../../errors.js';
import { AnyMap } from './any-map.js';
import { type CreateOptions, createMap } from './create-map.js';
import { giveElementBuffer, takeElementBuffer } from './element-buffer.js';
import { type MapOpenOptions, type MapSource, openMapById, openPinnedMap } from './map-source.js';

/** A queue or stack to make with {@link BpfQueue.create}. */
export interface BpfQueueDefinition extends CreateOptions {
  type: 'queue' | 'stack';
  /** Bytes of a value. */
  valueSize: number;
}

/** How to push. */
export interface PushOptions {
  /** Make room by dropping the oldest value of a full queue or stack. Default false. */
  replaceOldest?: boolean;
}

// include/uapi/linux/bpf.h
const BPF_EXIST = 2;

/**
 * A queue (first in, first out) or stack (last in, first out) of values, without keys.
 *
 * Linux 4.20; kernel/bpf/queue_stack_maps.c.
 */
export class BpfQueue<Value = unknown> extends AnyMap {
  #values: Codec<Value> | undefined;

  /** @internal */
  constructor(source: MapSource) {
    super(source, 'BpfQueue');
  }

  /** Opens a queue or stack that was pinned; see {@link BpfMap.open}. The kernel keeps no types of it: values are bytes. */
  static open(path: string, options?: MapOpenOptions): BpfQueue<Uint8Array> {
    return new BpfQueue(openPinnedMap(path, options));
  }

  /** Opens a queue or stack by its id; see {@link BpfMap.openById}. Values are bytes. */
  static openById(id: number, options?: MapOpenOptions): BpfQueue<Uint8Array> {
    return new BpfQueue(openMapById(id, options));
  }

  /** Makes a queue or stack; see {@link BpfMap.create}. */
  static create(definition: BpfQueueDefinition): BpfQueue<Uint8Array> {
    assertOptions(definition, 'BpfQueue.create()');
    const { type, valueSize, ...rest } = definition;
    return new BpfQueue(createMap({ ...rest, type, valueSize }));
  }

  /** How values are laid out. @internal */
  get valueCodec(): Codec<Value> {
    this.#values ??= this.makeValueCodec<Value>();
    return this.#values;
  }

  /**
   * Adds a value at the end of a queue, or on top of a stack.
   *
   * @throws BpfError `E2BIG` when it is full, `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE`, `EPERM`, `ERR_BPF_CLOSED`
   */
  push(value: Input<Value>, options: PushOptions = {}): void {
    assertOptions(options, 'push()');
    this.#withElement((element) => {
      this.valueCodec.encode(value as Value, element);
      this.elements.update(element, options.replaceOldest ? BPF_EXIST : 0);
    });
  }

  /** Takes the first value of a queue, or the topmost of a stack; undefined when it is empty. */
  pop(): Value | undefined {
    return this.#withElement((element) =>
      this.elements.take(element) ? this.valueCodec.decode(element) : undefined,
    );
  }

  /** The value that {@link BpfQueue.pop} would take, which stays; undefined when it is empty. */
  peek(): Value | undefined {
    return this.#withElement((element) =>
      this.elements.lookup(element) ? this.valueCodec.decode(element) : undefined,
    );
  }

  /** Takes values until it is empty. */
  *drain(): IterableIterator<Value> {
    for (let value = this.pop(); value !== undefined; value = this.pop()) yield value;
  }

  #withElement<T>(call: (element: Uint8Array) => T): T {
    const element = takeElementBuffer(this.info.valueBytes);
    try {
      return call(element);
    } catch (cause) {
      throw this.explained(cause);
    } finally {
      giveElementBuffer(element);
    }
  }
}
