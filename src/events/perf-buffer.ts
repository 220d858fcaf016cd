import { assertOptions } from '../errors.js';
import { native } from '../native.js';
import type { RecordMap } from '../object/index.js';
import { assertInteger, assertRecordMap, badOption } from './options.js';
import { RecordReader, sourceOf } from './reader.js';
import { type ReaderOptions, readerOptions } from './reader-options.js';
import { RecordSource } from './record-source.js';
import { sumOf } from './ring-buffer.js';

/** How to read a perf buffer. */
export interface PerfBufferOptions extends ReaderOptions {
  /** Pages of each CPU's buffer, a power of two. Default 64: 256 KiB for each CPU where a page is 4 KiB. */
  pages?: number;
  /**
   * Records in one CPU's buffer that wake the reader. Default 1. With more of them, up to so many less one may wait in
   * each CPU's buffer until others follow; `read()` takes them.
   */
  wakeupEvents?: number;
}

/** One CPU's part of a perf buffer. */
export interface PerfCpuStats {
  cpu: number;
  /** Records that found no room in its buffer, by the kernel's count, since the reader was made. */
  lost: bigint;
  /** Bytes that wait in it, record headers included. */
  waiting: number;
  /** Whether the CPU's programs can send: false once it went offline, and until {@link PerfBuffer.adoptCpus}. */
  read: boolean;
}

// The kernel takes any power of two that memory allows; a u32 of bytes is more than anyone means.
const MAX_PAGES = 2 ** 19;
const MAX_WAKEUP = 2 ** 31;

/**
 * Reads a perf event array that programs send records to with `bpf_perf_event_output()`: a buffer for each CPU. Records
 * of one CPU arrive in their order, those of several CPUs in any.
 *
 * ```ts
 * using events = new PerfBuffer(object.maps.events, { dropped: object.maps.events_dropped });
 * for await (const event of events) console.log(event.comm, event.pid);
 * ```
 *
 * A {@link RingBuffer} is better in every respect where the programs are your own. A record is padded, so one that has
 * no declared type comes with up to 7 bytes more than were sent (kernel/events/core.c perf_prepare_sample()).
 *
 * CPUs that come online later, or again, have no buffer until {@link PerfBuffer.adoptCpus}: what their programs send
 * until then fails, and `EVENT_PERF` of `bpf_lsm/perf_events.h` counts it as dropped.
 *
 * Linux 4.4; lost records are counted as they are lost since 6.0, before that when the next record finds room.
 * kernel/events/ring_buffer.c, kernel/trace/bpf_trace.c bpf_perf_event_output().
 */
export class PerfBuffer<Event = unknown> extends RecordReader<Event> {
  /**
   * @param map - a map of type `perf_event_array`; its records are of the type that it declares, and Uint8Arrays when
   *   it declares none
   * @throws BpfError `ERR_BPF_WRONG_KIND` for another type of map, `EBUSY` when this process reads the map already,
   *   `ERR_BPF_UNKNOWN_NAME` when its object has no `options.type`; `EACCES` without CAP_PERFMON, `EPERM` when the pages
   *   are more than `kernel.perf_event_mlock_kb` allows
   */
  constructor(map: RecordMap<Event>, options: PerfBufferOptions = {}) {
    assertOptions(options, 'a PerfBuffer');
    const { pages = 64, wakeupEvents = 1, dropped } = options;
    const { keepAlive, ...sizes } = readerOptions(options);
    assertRecordMap(map, 'perf event array');
    assertInteger('pages', pages, 1, MAX_PAGES);
    if (!Number.isInteger(Math.log2(pages))) throw badOption('pages', 'a power of two');
    assertInteger('wakeupEvents', wakeupEvents, 1, MAX_WAKEUP);
    super(
      new RecordSource<Event>({
        ...sizes,
        name: `perf buffer "${map.name}"`,
        map: map.name,
        types: map.recordTypes(options.type),
        open: (onReadable) => native().perfOpen(map.handle, pages, wakeupEvents, onReadable),
        edgeTriggered: true,
        dropped: (handle) => (dropped ? sumOf(dropped) : native().perfLost(handle)),
        detach: (handle) => native().perfDetach(handle),
      }),
      keepAlive,
    );
  }

  /**
   * What became of the records of each CPU that has or had a buffer.
   *
   * @throws BpfError `ERR_BPF_CLOSED`
   */
  cpus(): PerfCpuStats[] {
    return native().perfCpus(sourceOf(this).handle);
  }

  /**
   * Makes buffers for CPUs that came online since, or again.
   *
   * @returns which CPUs
   * @throws BpfError as the constructor does, `ERR_BPF_CLOSED`
   */
  adoptCpus(): number[] {
    return native().perfAdoptCpus(sourceOf(this).handle);
  }
}
