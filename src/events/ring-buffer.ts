import { assertOptions } from '../errors.js';
import { native } from '../native.js';
import type { RecordMap } from '../object/index.js';
import { assertRecordMap } from './options.js';
import { RecordReader } from './reader.js';
import { type DropCounter, type ReaderOptions, readerOptions } from './reader-options.js';
import { RecordSource } from './record-source.js';

/**
 * Reads a BPF ring buffer: records arrive decoded, in the order in which the programs reserved them.
 *
 * ```ts
 * using ring = new RingBuffer(object.maps.events);
 * for await (const event of ring) console.log(event.comm, event.pid);
 * ```
 *
 * Linux 5.8; kernel/bpf/ringbuf.c.
 */
export class RingBuffer<Event = unknown> extends RecordReader<Event> {
  /**
   * @param map - a map of type `ringbuf`; its records are of the type that it declares with `__type(value, ...)`,
   *   and Uint8Arrays when it declares none
   * @throws BpfError `ERR_BPF_WRONG_KIND` for another type of map, `EBUSY` when this process reads the ring already,
   *   `ERR_BPF_UNKNOWN_NAME` when its object has no `options.type`
   */
  constructor(map: RecordMap<Event>, options: ReaderOptions = {}) {
    assertOptions(options, 'a RingBuffer');
    const { keepAlive, ...sizes } = readerOptions(options);
    assertRecordMap(map, 'ring buffer');
    super(
      new RecordSource<Event>({
        ...sizes,
        name: `ring buffer "${map.name}"`,
        map: map.name,
        types: map.recordTypes(options.type),
        open: (onReadable) => native().ringOpen(map.handle, onReadable),
        edgeTriggered: false,
        dropped: () => sumOf(options.dropped),
      }),
      keepAlive,
    );
  }
}

/** What the CPUs counted, if anyone did. */
export function sumOf(counter: DropCounter | undefined): bigint | undefined {
  const counts = counter?.get(0) as readonly (bigint | number)[] | undefined;
  return counts?.reduce((sum: bigint, count) => sum + BigInt(count), 0n);
}
