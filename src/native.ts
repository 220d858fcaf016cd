import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { BpfError, type BpfErrorFields, usualReason } from './errors.js';

declare const kind: unique symbol;

/** An object of the addon's that owns a kernel object; good only for passing back to the addon. */
export interface Handle<Kind extends string> {
  readonly [kind]: Kind;
}

export type ObjectHandle = Handle<'object'>;
export type ProgramHandle = Handle<'program'>;
export type MapHandle = Handle<'map'>;
export type LinkHandle = Handle<'link'>;
export type StatisticsHandle = Handle<'statistics'>;
export type ReaderHandle = Handle<'reader'>;
export type UserRingHandle = Handle<'userRing'>;
export type MessageSocketHandle = Handle<'messageSocket'>;

export interface NativeProgramSpec {
  name: string;
  section: string;
  /** libbpf's name of the program type: `lsm`, `tracing`, `syscall`, ... */
  type: string;
  /** `enum bpf_attach_type` */
  attachType: number;
  autoload: boolean;
}

export interface NativeProgramDeclaration extends NativeProgramSpec {
  /** libbpf's name of the attach type. */
  attachTypeName: string;
  /** BPF_F_*; what the section's name says is not among them. */
  flags: number;
}

/** What a map of maps holds, as the object declares it. */
export interface NativeInnerMapSpec {
  /** libbpf's name of the map type: `hash`, `array`, `ringbuf`, ... */
  type: string;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  /** BTF ids in the object's BTF; 0: not told. */
  keyTypeId: number;
  valueTypeId: number;
}

export interface NativeMapSpec extends NativeInnerMapSpec {
  name: string;
  numaNode: number;
  internal: boolean;
  autocreate: boolean;
  pinPath: string;
  inner?: NativeInnerMapSpec;
}

export interface NativeProgramInfo {
  id: number;
  name: string;
  tag: string;
  type: string;
  createdByUid: number;
  loadTimeNs: bigint;
  runCount: bigint;
  runTimeNs: bigint;
  attachBtfObjectId: number;
  attachBtfId: number;
  verifiedInstructions: number;
}

export interface NativeMapInfo {
  id: number;
  name: string;
  type: string;
  keySize: number;
  valueSize: number;
  /** Bytes of a value in a buffer: more than valueSize for per-CPU maps. */
  valueBytes: number;
  maxEntries: number;
  flags: number;
  /** What the descriptor may be used for. */
  access: 'read' | 'write' | 'read-write';
  /** BTF ids in the kernel's BTF object `btfId`; 0: none. */
  btfId: number;
  keyTypeId: number;
  valueTypeId: number;
}

/** What a link tells by its type: `tracing`, `cgroup`, `raw_tracepoint`, `iter`, `perf_event`; nothing for others. */
export interface NativeLinkInfo {
  id: number;
  /** libbpf's name of the link type. */
  type: string;
  programId: number;
  /** tracing, cgroup: libbpf's name of the attach type. */
  attachType?: string;
  /** tracing */
  targetObjectId?: number;
  targetBtfId?: number;
  /** tracing, raw_tracepoint, perf_event; 0n where the kernel does not tell. */
  cookie?: bigint;
  /** cgroup, iter */
  cgroupId?: bigint;
  /** raw_tracepoint, iter, perf_event */
  name?: string;
  /** iter */
  mapId?: number;
  order?: number;
  tid?: number;
  pid?: number;
  /** perf_event: `enum bpf_perf_event_type`, and of a probe its offset and address. */
  eventType?: number;
  offset?: number;
  address?: bigint;
}

/** The programs of one attach type on a cgroup. */
export interface NativeCgroupPrograms {
  /** The id and the BPF_F_* flags of each, one after another; the flags are 0 in an effective list. */
  programs: Uint32Array;
  /** 0n where the kernel does not tell. */
  revision: bigint;
}

/** What an iterator walks over. */
export interface NativeIteratorTarget {
  map?: MapHandle;
  /** A descriptor of its directory; the same for all cgroups below. */
  cgroup?: number;
  /** `enum bpf_cgroup_iter_order` */
  order?: number;
  tid?: number;
  pid?: number;
}

export interface NativePerfCpu {
  cpu: number;
  lost: bigint;
  waiting: number;
  read: boolean;
}

export interface NativeOpenOptions {
  name: string;
  pinRoot?: string;
  kconfig?: string;
  btfPath?: string;
}

/** A program of anybody's, as the kernel tells it. */
export interface NativeFoundProgram {
  id: number;
  /** Cut to 15 characters. */
  name: string;
  type: string;
  tag: string;
  createdByUid: number;
  loadTimeNs: bigint;
  gplCompatible: boolean;
  xlatedBytes: number;
  jitedBytes: number;
  memoryBytes?: number;
  mapIds: number[];
  /** The BTF object of its own types, and the id of its function there; 0 for none. */
  btfId: number;
  functionTypeId: number;
  /** The BTF object of the function it was loaded for, and the function's id there; 0 for none. */
  targetObjectId: number;
  targetBtfId: number;
  runCount: bigint;
  runTimeNs: bigint;
  recursionMisses: bigint;
  verifiedInstructions: number;
}

export interface NativeFoundMap {
  id: number;
  name: string;
  type: string;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  btfId: number;
  frozen: boolean;
  memoryBytes?: number;
  ownerProgramType?: string;
}

export interface NativeFoundBtf {
  id: number;
  bytes: number;
  /** `vmlinux`, or a module's; empty for a program's. */
  name: string;
  ofKernel: boolean;
}

/**
 * The elements of one map; the functions need no `this`. An element is one buffer, which may be larger: the key, padded
 * to 8 bytes, then the value.
 */
export interface NativeElements {
  /** Whether there is such a key; writes its value into `element`. */
  lookup(element: Uint8Array): boolean;
  take(element: Uint8Array): boolean;
  update(element: Uint8Array, flags: number): void;
  delete(element: Uint8Array): boolean;
}

export interface NativeMapDefinition {
  type: string;
  name: string;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  /** map_extra */
  extra: number;
  numaNode?: number;
  /** BTF ids in the object that describes its types; 0: none. */
  keyTypeId: number;
  valueTypeId: number;
}

/** A program to be verified and dropped at once. */
export interface NativeProgramProbe {
  /** `enum bpf_prog_type` */
  programType: number;
  /** `enum bpf_attach_type` */
  attachType: number;
  flags: number;
  /** In the kernel's BTF; 0 for none. */
  attachBtfId: number;
  logLevel: number;
}

/** A map to be made and dropped at once. */
export interface NativeMapProbe {
  /** `enum bpf_map_type` */
  type: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  /** Whether it wants BTF for key and value; both are an `int` then. */
  typed: boolean;
  /** Whether it is a map of maps. */
  holdsArrays: boolean;
}

/** Who is at the other end of a connection (SO_PEERCRED). */
export interface NativePeer {
  pid: number;
  uid: number;
  gid: number;
}

export interface NativeMessage {
  bytes: Uint8Array;
  /** Of the descriptors that came with it: the links, or the ids of the cgroups, and how many were neither. */
  links: LinkHandle[];
  cgroups: bigint[];
  others: number;
  /** False when it had more bytes or descriptors than a message may have. */
  whole: boolean;
}

/** All that native code offers. Every function throws {@link BpfError}. */
export interface Binding {
  setErrorFactory(make: (message: string, fields: BpfErrorFields) => Error): void;

  objectOpen(elf: Uint8Array, options: NativeOpenOptions): ObjectHandle;
  objectPrograms(object: ObjectHandle): NativeProgramDeclaration[];
  objectMaps(object: ObjectHandle): NativeMapSpec[];
  objectBtf(object: ObjectHandle): Uint8Array;
  /** `struct bpf_insn` after `struct bpf_insn`, as the file has them; before load. */
  objectInstructions(object: ObjectHandle, program: string): Uint8Array;
  objectLog(object: ObjectHandle): string;
  objectSetAutoload(object: ObjectHandle, program: string, autoload: boolean): void;
  objectSetExpectedAttachType(object: ObjectHandle, program: string, attachType: number): void;
  objectSetAttachTarget(
    object: ObjectHandle,
    program: string,
    attachTarget: string,
    ofProgram?: ProgramHandle,
  ): void;
  /** Maps of `object` become those of `loaded`, which was opened from the same file. */
  objectShareMaps(object: ObjectHandle, loaded: ObjectHandle): void;
  objectSetMaxEntries(object: ObjectHandle, map: string, maxEntries: number): void;
  objectSetMapType(object: ObjectHandle, map: string, type: string): void;
  objectSetKeySize(object: ObjectHandle, map: string, size: number): void;
  objectSetValueSize(object: ObjectHandle, map: string, size: number): void;
  objectSetMapFlags(object: ObjectHandle, map: string, flags: number): void;
  objectSetNumaNode(object: ObjectHandle, map: string, node: number): void;
  objectSetAutocreate(object: ObjectHandle, map: string, autocreate: boolean): void;
  objectSetPinPath(object: ObjectHandle, map: string, path: string): void;
  objectSetInnerMap(object: ObjectHandle, map: string, like: MapHandle): void;
  objectReuseMap(object: ObjectHandle, map: string, other: MapHandle): void;
  objectReadInitial(object: ObjectHandle, map: string, offset: number, into: Uint8Array): void;
  objectWriteInitial(object: ObjectHandle, map: string, offset: number, from: Uint8Array): void;
  objectLoad(object: ObjectHandle): Promise<void>;
  objectProgram(object: ObjectHandle, name: string): ProgramHandle;
  objectMap(object: ObjectHandle, name: string): MapHandle;
  objectClose(object: ObjectHandle): void;

  programOpenPinned(path: string): ProgramHandle;
  programInfo(program: ProgramHandle): NativeProgramInfo;
  programPin(program: ProgramHandle, path: string): void;
  /** The instructions as the verifier has left them; empty where they are withheld. */
  programInstructions(program: ProgramHandle): Uint8Array;
  /** Whether a program that attaches to cgroups was loaded for an attach type, and the kernel knows such flags. */
  programTakesAttachType(program: ProgramHandle, attachType: number, flags: number): boolean;
  programTestRun(program: ProgramHandle, context: Uint8Array): number;
  programClose(program: ProgramHandle): void;

  /** `flags`: 0, BPF_F_RDONLY or BPF_F_WRONLY. */
  mapOpenPinned(path: string, flags: number): MapHandle;
  mapOpenById(id: number, flags: number): MapHandle;
  mapCreate(definition: NativeMapDefinition, inner: MapHandle | null, types: ObjectHandle | null): MapHandle;
  mapInfo(map: MapHandle): NativeMapInfo;
  mapElements(map: MapHandle): NativeElements;
  /** `result` receives [elements read, whether those were the last, whether there was no room]. */
  mapLookupBatch(
    map: MapHandle,
    cursor: Uint8Array,
    first: boolean,
    keys: Uint8Array,
    values: Uint8Array,
    take: boolean,
    result: Uint32Array,
  ): void;
  mapUpdateBatch(map: MapHandle, keys: Uint8Array, values: Uint8Array, flags: number): void;
  mapDeleteBatch(map: MapHandle, keys: Uint8Array): number;
  /** All keys, then all values. */
  mapReadAll(map: MapHandle): Uint8Array<ArrayBuffer>;
  /** The owner in a local storage: a task id, a path or a file descriptor. */
  mapLookupOf(map: MapHandle, owner: number | string, value: Uint8Array): boolean;
  mapUpdateOf(map: MapHandle, owner: number | string, value: Uint8Array, flags: number): void;
  mapDeleteOf(map: MapHandle, owner: number | string): boolean;
  mapSetProgram(map: MapHandle, index: number, program: ProgramHandle): void;
  mapSetMap(map: MapHandle, key: Uint8Array, inner: MapHandle, flags: number): void;
  mapSetCgroup(map: MapHandle, index: number, cgroup: string): void;
  mapReadMemory(map: MapHandle, offset: number, into: Uint8Array): void;
  mapWriteMemory(map: MapHandle, offset: number, from: Uint8Array): void;
  mapShareMemory(map: MapHandle): ArrayBuffer;
  mapFreeze(map: MapHandle): void;
  mapFrozen(map: MapHandle): boolean;
  mapPin(map: MapHandle, path: string): void;
  mapClose(map: MapHandle): void;

  attachLsm(program: ProgramHandle, cookie: bigint): LinkHandle;
  /** `flags` BPF_F_BEFORE and its like; 0n for whatever revision. */
  attachCgroup(
    program: ProgramHandle,
    cgroup: number,
    attachType: number,
    flags: number,
    relativeId: number,
    expectedRevision: bigint,
  ): LinkHandle;
  attachFunction(program: ProgramHandle, attachType: number, cookie: bigint): LinkHandle;
  attachRawTracepoint(program: ProgramHandle, target: string, cookie: bigint): LinkHandle;
  attachIterator(program: ProgramHandle, target: NativeIteratorTarget): LinkHandle;
  attachKprobe(
    program: ProgramHandle,
    target: string,
    offset: number,
    onReturn: boolean,
    cookie: bigint,
  ): LinkHandle;
  attachTracepoint(program: ProgramHandle, category: string, name: string, cookie: bigint): LinkHandle;

  /** Null where the kernel does not have the attach type. */
  cgroupPrograms(cgroup: number, attachType: number, effective: boolean): NativeCgroupPrograms | null;
  /** Detaches a program that was attached without a link, if there is one with this id; 0n for whatever revision. */
  cgroupDetach(cgroup: number, programId: number, attachType: number, expectedRevision: bigint): boolean;

  linkOpenPinned(path: string): LinkHandle;
  linkOpenById(id: number): LinkHandle;
  linkInfo(link: LinkHandle): NativeLinkInfo;
  linkUpdate(link: LinkHandle, program: ProgramHandle, expectedOld?: ProgramHandle): void;
  linkDetach(link: LinkHandle): void;
  /** A file descriptor to read from, which is the caller's to close. */
  linkIterate(link: LinkHandle): number;
  linkPin(link: LinkHandle, path: string): void;
  linkClose(link: LinkHandle): void;

  /** `onReadable` is called once, in a turn of its own, for each `readerArm`; the same for the others. */
  ringOpen(map: MapHandle, onReadable: () => void): ReaderHandle;
  perfOpen(map: MapHandle, pages: number, wakeupEvents: number, onReadable: () => void): ReaderHandle;
  perfCpus(perf: ReaderHandle): NativePerfCpu[];
  perfLost(perf: ReaderHandle): bigint;
  /** When it returns no program writes to the buffer any more. */
  perfDetach(perf: ReaderHandle): void;
  perfAdoptCpus(perf: ReaderHandle): number[];
  /** `result` receives [bytes written, records, whether more wait, bytes a single record needs]. */
  readerDrain(reader: ReaderHandle, slab: Uint8Array, most: number, result: Uint32Array): void;
  readerAvailable(reader: ReaderHandle): number;
  readerArm(reader: ReaderHandle): void;
  readerDisarm(reader: ReaderHandle): void;
  readerRef(reader: ReaderHandle, keepAlive: boolean): void;
  readerClose(reader: ReaderHandle): void;

  userRingOpen(map: MapHandle, onWritable: () => void): UserRingHandle;
  /** How many of the first `count` records of a slab found room. */
  userRingSend(ring: UserRingHandle, slab: Uint8Array, count: number): number;
  userRingWaiting(ring: UserRingHandle): number;
  userRingArm(ring: UserRingHandle): void;
  userRingDisarm(ring: UserRingHandle): void;
  userRingRef(ring: UserRingHandle, keepAlive: boolean): void;
  userRingClose(ring: UserRingHandle): void;

  messageListen(path: string, mode: number, backlog: number, onReadable: () => void): MessageSocketHandle;
  messageConnect(path: string, onReadable: () => void): MessageSocketHandle;
  /** Null when nobody waits to be accepted. */
  messageAccept(listening: MessageSocketHandle, onReadable: () => void): MessageSocketHandle | null;
  messagePeer(socket: MessageSocketHandle): NativePeer;
  /** False when the other end is too slow, and the message was not sent. */
  messageSend(socket: MessageSocketHandle, bytes: Uint8Array): boolean;
  /** The same, with a link, or a descriptor of Node's by its number. */
  messageSendWith(socket: MessageSocketHandle, bytes: Uint8Array, descriptor: number | LinkHandle): boolean;
  /**
   * Null when nothing waits, undefined when the other end is gone. With the device number of the cgroup hierarchy
   * cgroups are looked for among the descriptors; with 0n, links.
   */
  messageReceive(socket: MessageSocketHandle, device: bigint): NativeMessage | null | undefined;
  /** How many threads still close descriptors that the other end's user has sent. */
  messageDiscarding(socket: MessageSocketHandle): number;
  messageArm(socket: MessageSocketHandle): void;
  messageRef(socket: MessageSocketHandle, keepAlive: boolean): void;
  messageClose(socket: MessageSocketHandle): void;

  /** Where the cgroup with this id is; null when there is none. */
  cgroupPathById(mountPoint: string, id: bigint): string | null;

  /** The kernel counts runs of programs until it is closed. */
  statisticsEnable(): StatisticsHandle;
  statisticsClose(statistics: StatisticsHandle): void;

  /** The number of an attach type by libbpf's name of it. */
  attachTypeNumber(name: string): number | null;
  libbpfVersion(): string;
  libbpfHas(name: string): boolean;
  activeLsmIds(): number[] | null;
  landlockAbi(): number | null;
  btfById(id: number): Uint8Array;
  inventoryIds(kind: 'program' | 'map' | 'link' | 'btf'): number[];
  /** Null, here and below, for one that is gone by now. */
  inventoryProgram(id: number): NativeFoundProgram | null;
  inventoryInstructions(id: number): Uint8Array | null;
  inventoryMap(id: number): NativeFoundMap | null;
  inventoryBtf(id: number): NativeFoundBtf | null;
  inventoryPin(path: string): { kind: 'program' | 'map' | 'link'; id: number } | null;
  /** CLOCK_BOOTTIME */
  nanosecondsSinceBoot(): bigint;
  /** `errno` is 0 when the kernel takes the program, else positive. */
  probeProgram(probe: NativeProgramProbe, instructions: Uint8Array): { errno: number; log: string };
  /** 0 when the kernel makes such a map, else a positive errno. */
  probeMap(probe: NativeMapProbe): number;
  /** What BPF_LINK_CREATE with these flags says where there is no cgroup: EBADF when it knows them, else EINVAL. */
  probeCgroupLink(flags: number): number;
  /** What stands for a helper in the call instructions of verified programs; null where that cannot be found out. */
  probeTranslatedCall(helper: number): number | null;
}

let loaded: Binding | undefined;

/**
 * The addon, loaded at the first call, so that importing the package works where the addon cannot.
 *
 * @throws BpfError `ERR_BPF_ADDON` with what to do when it cannot be loaded
 */
export function native(): Binding {
  loaded ??= load();
  return loaded;
}

function load(): Binding {
  if (process.platform !== 'linux') {
    throw new BpfError(`bpf-lsm cannot work on ${process.platform}: BPF is Linux's`, {
      code: 'ERR_BPF_ADDON',
      reason: 'kernel',
      hint: 'run it on Linux, or in a Linux virtual machine',
    });
  }
  const require = createRequire(import.meta.url);
  const root = fileURLToPath(new URL('..', import.meta.url));
  try {
    // BPF_LSM_ADDON names another build of the same addon: the one with sanitizers, for example.
    const binding: Binding = process.env.BPF_LSM_ADDON
      ? require(process.env.BPF_LSM_ADDON)
      : require('node-gyp-build')(root);
    binding.setErrorFactory(
      (message, fields) => new BpfError(message, { reason: usualReason(fields.code), ...fields }),
    );
    return binding;
  } catch (cause) {
    throw new BpfError(`the native addon of bpf-lsm cannot be loaded: ${reasonOf(cause)}`, {
      code: 'ERR_BPF_ADDON',
      hint: remedyFor(cause),
      cause,
    });
  }
}

function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.split('\n')[0] ?? message;
}

function remedyFor(cause: unknown): string {
  const { code, message = '' } = cause as { code?: string; message?: string };
  if (code === 'ERR_DLOPEN_DISABLED') {
    return 'start node without --no-addons, and with --allow-addons under the permission model';
  }
  if (message.includes('libbpf.so'))
    return 'install the libbpf library (Debian, Ubuntu: apt-get install libbpf1)';
  if (message.includes('No native build')) {
    return (
      'install libbpf-dev, pkg-config and a C++20 compiler, then run npm rebuild bpf-lsm ' +
      '(after npm install-scripts approve bpf-lsm, where npm runs no install scripts unasked)'
    );
  }
  return 'rebuild it for this Node and this system with: npm rebuild bpf-lsm';
}
