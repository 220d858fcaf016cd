import { type Codec, codecFor } from '../btf/index.js';
import { assertOptions, BpfError, rephrase } from '../errors.js';
import { RingBuffer } from '../events/index.js';
import { hook as lsmHook } from '../lsm/index.js';
import {
  BpfObject,
  bpfIsActive,
  contextWords,
  type Finding,
  ftraceIsOn,
  kernelBtf,
  type Link,
  type OpenObject,
} from '../object/index.js';
import { type ArgumentReader, planArguments, type TraceArgument } from './arguments.js';
import { Plan, type Step } from './plan.js';
import { type RecordHead, TraceRecord } from './record.js';
import { scopeOf, type TraceScope } from './scope.js';

/** How to trace a hook. */
export interface TraceOptions extends TraceScope {
  /** Whether to give each structure whole as well, as `full`, up to 16 KiB of it. Default false. */
  full?: boolean;
  /** Bytes of the ring buffer that holds calls until they are read: a power of two. Default 4 MiB, full: 16 MiB. */
  ringBytes?: number;
  /** Aborting ends the loop over the events: it throws the signal's reason. */
  signal?: AbortSignal;
}

/** A call of an LSM hook. */
export interface TraceEvent {
  /** The hook, such as `file_open`. */
  hook: string;
  /** When, in nanoseconds since boot (CLOCK_BOOTTIME). */
  timeNs: bigint;
  /** The process that called, and its thread, as the initial pid namespace numbers them. */
  pid: number;
  tid: number;
  comm: string;
  uid: number;
  gid: number;
  /** The id of its cgroup: the inode number of the directory. */
  cgroup: bigint;
  /**
   * What the BPF LSM programs made of it: 0, or a negative errno for a denial; another value for the few hooks with
   * another default. Undefined for hooks without a result.
   */
  result: number | undefined;
  /** The arguments, by their names in the kernel. */
  arguments: Record<string, TraceArgument>;
}

interface Tracer {
  programs: 'trace_hook' | 'look_on';
  maps: { events: { key: never; value: Uint8Array }; events_dropped: { key: number; value: bigint[] } };
  globals: {
    steps: Step[];
    step_count: number;
    word_count: number;
    has_result: boolean;
    event_size: number;
    target_pid: number;
    target_cgroup: bigint;
    tracer_pid: number;
  };
}

const OBJECT = new URL('../../dist/bpf/trace/trace.bpf.o', import.meta.url);
const NO_STEP: Step = { kind: 'STEP_POINTER', from: 0, offset: 0, to: 0, size: 0 };

/**
 * The calls of an LSM hook, as they happen. It watches and never denies; it sees what reaches BPF, which is asked after
 * the LSMs before it in the kernel's list: what those denied is not seen.
 *
 * ```ts
 * using opens = await trace('file_open', { pid: 4711 });
 * for await (const { comm, arguments: { file } } of opens) console.log(comm, file);
 * ```
 *
 * Made by {@link trace}. It is attached until it is closed, the process ends, or a loop over it ends.
 */
export class Trace implements AsyncIterable<TraceEvent>, Disposable {
  /** The hook, such as `file_open`. */
  readonly hook: string;
  readonly #object: BpfObject<Tracer>;
  readonly #link: Link;
  readonly #ring: RingBuffer<Uint8Array>;
  readonly #readers: ReadonlyMap<string, ArgumentReader>;
  readonly #head: Codec<RecordHead>;
  readonly #hasResult: boolean;
  readonly #signal: AbortSignal | undefined;
  #dropped = 0n;
  #closed = false;

  /** @internal */
  constructor(object: BpfObject<Tracer>, { hook, readers, head, hasResult, signal }: Watched) {
    this.hook = hook;
    this.#object = object;
    this.#readers = readers;
    this.#head = head;
    this.#hasResult = hasResult;
    this.#signal = signal;
    object.programs.look_on.run();
    const { events, events_dropped: dropped } = object.maps;
    this.#ring = new RingBuffer<Uint8Array>(events, { dropped, slabSize: 1024 * 1024 });
    this.#link = object.programs.trace_hook.attach();
  }

  /** How many calls found no room, since nobody read fast enough; still told after close(). */
  get dropped(): bigint {
    if (!this.#closed) this.#dropped = this.#ring.stats().dropped ?? 0n;
    return this.#dropped;
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The calls from now on. The loop ends when this is closed; leaving the loop closes it.
   *
   * @throws BpfError `ERR_BPF_STATE` when it is being iterated already, `ERR_BPF_CLOSED`; the reason of
   *   `options.signal`
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<TraceEvent, void, void> {
    try {
      for await (const bytes of this.#ring.events(this.#signal ? { signal: this.#signal } : {})) {
        yield this.#event(bytes);
      }
    } finally {
      this.close();
    }
  }

  /** Detaches from the hook, and leaves nothing behind in the kernel. Closing twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#link.close();
    this.#dropped = this.dropped;
    this.#closed = true;
    this.#ring.close();
    this.#object.close();
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #event(bytes: Uint8Array): TraceEvent {
    const record = new TraceRecord(bytes, this.#head.decode(bytes));
    const { time_ns: timeNs, pid, tid, comm, uid, gid, cgroup, result } = record.head;
    const values: Record<string, TraceArgument> = {};
    for (const [name, read] of this.#readers) values[name] = read(record);
    return {
      hook: this.hook,
      timeNs,
      pid,
      tid,
      comm,
      uid,
      gid,
      cgroup,
      result: this.#hasResult ? result : undefined,
      arguments: values,
    };
  }
}

interface Watched {
  hook: string;
  readers: ReadonlyMap<string, ArgumentReader>;
  head: Codec<RecordHead>;
  hasResult: boolean;
  signal: AbortSignal | undefined;
}

/**
 * Shows the calls of an LSM hook with their arguments decoded, for one process, one cgroup, or the whole machine.
 * This process is never shown.
 *
 * Linux 6.1 (bpf_get_func_arg() 5.17); CAP_BPF and CAP_PERFMON. It is an `fexit` program on `bpf_lsm_HOOK`, which
 * security/security.c calls for BPF.
 *
 * @param hook - without the `bpf_lsm_` prefix, such as `file_open`
 * @throws BpfError `ERR_BPF_UNKNOWN_NAME` with the nearest names when this kernel has no such hook; `ERR_BPF_INACTIVE`
 *   with the fix when BPF LSM programs are not consulted here, so that nothing would ever be shown;
 *   `ERR_BPF_ARGUMENT` for a scope that makes no sense; `ENOENT` for a cgroup that is not there; `EPERM`
 */
export async function trace(hook: string, options: TraceOptions = {}): Promise<Trace> {
  assertOptions(options, 'trace()');
  const { btfId, returns } = lsmHook(hook);
  assertCalled(hook);
  const scope = scopeOf(options);
  using open = BpfObject.open<Tracer>(OBJECT);
  const head = headCodec(open);
  const btf = kernelBtf();
  if (!btf) throw new BpfError('the kernel has no BTF', { code: 'ERR_BPF_NO_HOOKS', reason: 'kernel' });
  const words = contextWords(btfId).reduce(
    (most, { word, type }) => Math.max(most, word + Math.ceil(btf.sizeOf(type) / 8)),
    0,
  );
  const plan = new Plan(btf, words, head.size);
  const full = options.full ?? false;
  const readers = planArguments(plan, btfId, full);

  const empty = open.globals.steps.map(() => NO_STEP);
  open.globals.steps = [...plan.steps, ...empty.slice(plan.steps.length)];
  open.globals.step_count = plan.steps.length;
  open.globals.word_count = words;
  open.globals.has_result = returns !== 'void';
  open.globals.event_size = plan.eventBytes;
  open.globals.target_pid = scope.pid;
  open.globals.target_cgroup = scope.cgroup;
  open.maps.events.maxEntries = options.ringBytes ?? (full ? 16 : 4) * 1024 * 1024;
  open.programs.trace_hook.attachTarget = `bpf_lsm_${hook}`;
  const object = await open.load();
  try {
    return new Trace(object, { hook, readers, head, hasResult: returns !== 'void', signal: options.signal });
  } catch (error) {
    object.close();
    throw error instanceof BpfError
      ? rephrase(error, `hook ${hook} cannot be traced: ${error.message}`, { hook })
      : error;
  }
}

function headCodec(open: OpenObject<Tracer>): Codec<RecordHead> {
  const id = open.btf?.find('event', 'struct');
  if (open.btf && id !== undefined) return codecFor<RecordHead>(open.btf, id);
  throw new BpfError('trace.bpf.o has lost its types: build the package again', {
    code: 'ERR_BPF_BTF',
    reason: 'input',
  });
}

/** A hook that the kernel never calls for BPF would be silent, and look quiet. */
function assertCalled(hook: string): void {
  const refuse = ({ reason, fix }: Finding) =>
    new BpfError(`hook ${hook} cannot be traced, since the kernel does not call it for BPF: ${reason}`, {
      code: 'ERR_BPF_INACTIVE',
      reason: 'kernel',
      hook,
      hint: fix,
    });
  const ftrace = ftraceIsOn();
  if (ftrace.verdict === 'no') throw refuse(ftrace);
  const active = bpfIsActive();
  if (active.verdict !== 'yes') throw refuse(active);
}
