import type { Input } from '../btf/index.js';
import { assertOptions, BpfError } from '../errors.js';
import { native, type UserRingHandle } from '../native.js';
import type { RecordMap } from '../object/index.js';
import { assertBoolean, assertRecordMap, assertSignal, type IterationOptions } from './options.js';
import { slabOfRecords } from './slab-of-records.js';

/** How to write to a user ring buffer. */
export interface UserRingBufferOptions {
  /** Whether waiting for room keeps the process alive. Default true. */
  keepAlive?: boolean;
  /** The type of the records, by its name in the object's BTF (`struct command`), for a ring that declares none. */
  type?: string;
}

const LOOK_AGAIN_MS = 5;

/** The account of a user ring buffer. */
export interface UserRingBufferStats {
  /** Records that found room. */
  sent: number;
  /** Records that were refused because the ring was full. */
  refused: number;
  /** Bytes that no program has taken yet, record headers included. */
  waiting: number;
}

/**
 * Sends records to programs, which take them with `bpf_user_ringbuf_drain()`. The other direction of a
 * {@link RingBuffer}.
 *
 * ```ts
 * using commands = new UserRingBuffer(object.maps.commands);
 * commands.send({ verb: 'START', target: 7n });
 * ```
 *
 * Nobody but a program that drains the ring makes room in it. One producer at a time may write to a ring in a process.
 *
 * Linux 6.1; kernel/bpf/ringbuf.c bpf_user_ringbuf_drain().
 */
export class UserRingBuffer<Value = unknown> implements Disposable {
  readonly #map: RecordMap<Value>;
  readonly #ring: UserRingHandle;
  readonly #toSlab: ReturnType<typeof slabOfRecords<Value>>;
  #wake: (() => void) | undefined;
  #sent = 0;
  #refused = 0;
  #keepAlive = true;
  #closed = false;
  #waits = false;

  /**
   * @param map - a map of type `user_ringbuf`; its records are of the type that it declares with `__type(value, ...)`,
   *   and Uint8Arrays when it declares none
   * @throws BpfError `ERR_BPF_WRONG_KIND` for another type of map, `EBUSY` when this process writes to the ring already,
   *   `ERR_BPF_UNKNOWN_NAME` when its object has no `options.type`
   */
  constructor(map: RecordMap<Value>, options: UserRingBufferOptions = {}) {
    assertOptions(options, 'a UserRingBuffer');
    const { keepAlive = true, type } = options;
    assertRecordMap(map, 'user ring buffer');
    assertBoolean('keepAlive', keepAlive);
    this.#map = map;
    this.#toSlab = slabOfRecords(map.name, map.recordTypes(type).codec, map.maxEntries);
    this.#ring = native().userRingOpen(map.handle, () => this.#wake?.());
    this.#setKeepAlive(keepAlive);
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether waiting for room keeps the process alive, from now on: like `ref()` of a socket. */
  ref(): void {
    this.#setKeepAlive(true);
  }

  /** See {@link UserRingBuffer.ref}. */
  unref(): void {
    this.#setKeepAlive(false);
  }

  /**
   * Sends one record.
   *
   * @throws BpfError `ENOSPC` when the ring is full (nothing is sent then), `E2BIG` for a record larger than the ring,
   *   `ERR_BPF_VALUE_TYPE` or `ERR_BPF_VALUE_RANGE` when the value is not of its type, `ERR_BPF_CLOSED`
   */
  send(value: Input<Value>): void {
    if (this.sendMany([value]) === 1) return;
    throw new BpfError(`user ring buffer "${this.#map.name}" is full`, {
      code: 'ENOSPC',
      map: this.#map.name,
      hint: 'run the program that drains it, or wait for room with sendAll()',
    });
  }

  /**
   * Sends records in one call, all at once for the program that drains the ring: the first of them, as many as find room.
   *
   * @returns how many were sent
   * @throws BpfError as {@link UserRingBuffer.send}, `ENOSPC` excepted; then none was sent
   */
  sendMany(values: readonly Input<Value>[]): number {
    const sent = this.#send(values);
    this.#refused += values.length - sent;
    return sent;
  }

  /**
   * Sends all of the records, waiting for room as often as it takes.
   *
   * @returns when all are sent
   * @throws BpfError as {@link UserRingBuffer.send}, `ENOSPC` excepted; `ERR_BPF_STATE` while another call waits,
   *   `ERR_BPF_CLOSED` when the ring is closed meanwhile; the reason of `options.signal`. Those before the one at fault,
   *   or before the end, may have been sent: `stats().sent` tells.
   */
  async sendAll(values: Iterable<Input<Value>>, options: IterationOptions = {}): Promise<void> {
    assertOptions(options, 'sendAll()');
    const { signal } = options;
    assertSignal(signal);
    if (this.#waits) {
      throw new BpfError(`sendAll() is waiting for room in user ring buffer "${this.#map.name}" already`, {
        code: 'ERR_BPF_STATE',
        reason: 'input',
        map: this.#map.name,
      });
    }
    this.#waits = true;
    try {
      for (let rest: readonly Input<Value>[] = [...values]; ; ) {
        signal?.throwIfAborted();
        const sent = this.#send(rest);
        rest = rest.slice(sent);
        if (rest.length === 0) return;
        await this.#room(sent > 0, signal);
      }
    } finally {
      this.#waits = false;
    }
  }

  /** @throws BpfError `ERR_BPF_CLOSED` */
  stats(): UserRingBufferStats {
    return { sent: this.#sent, refused: this.#refused, waiting: native().userRingWaiting(this.#ring) };
  }

  /** Stops writing; what was sent stays in the ring for the programs. Closing twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    native().userRingClose(this.#ring);
    this.#wake?.();
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #send(values: readonly Input<Value>[]): number {
    this.#assertOpen();
    const { slab, count } = this.#toSlab(values as readonly Value[]);
    const sent = native().userRingSend(this.#ring, slab, count);
    this.#sent += sent;
    return sent;
  }

  #setKeepAlive(keepAlive: boolean): void {
    native().userRingRef(this.#ring, keepAlive);
    this.#keepAlive = keepAlive;
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    throw new BpfError(`user ring buffer "${this.#map.name}" is closed`, {
      code: 'ERR_BPF_CLOSED',
      reason: 'input',
      map: this.#map.name,
    });
  }

  /**
   * Resolves when a program may have made room, the ring was closed, or the signal was aborted.
   *
   * @param full - false when there is room, though less than the next record takes: the ring is writable then as the
   *   kernel sees it (kernel/bpf/ringbuf.c ringbuf_map_poll_user()), so only looking again helps
   */
  async #room(full: boolean, signal: AbortSignal | undefined): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const room = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const abort = () => this.#wake?.();
    signal?.addEventListener('abort', abort, { once: true });
    if (full) native().userRingArm(this.#ring);
    else
      timer = this.#keepAlive ? setTimeout(abort, LOOK_AGAIN_MS) : setTimeout(abort, LOOK_AGAIN_MS).unref();
    try {
      await room;
    } finally {
      this.#wake = undefined;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      if (!this.#closed) native().userRingDisarm(this.#ring);
    }
  }
}
