import { Btf, describeValue, type U64 } from '../../btf/index.js';
import { assertOptions, BpfError } from '../../errors.js';
import {
  type MapHandle,
  type NativeInnerMapSpec,
  type NativeMapInfo,
  native,
  type ObjectHandle,
} from '../../native.js';

/** The types of a map's keys and values; the id 0 for one that is not told. */
export interface MapTypes {
  btf: Btf;
  keyTypeId: number;
  valueTypeId: number;
  u64: U64;
}

/** A map of the kernel's, with what an object file says of it. */
export interface MapSource {
  handle: MapHandle;
  info: NativeMapInfo;
  name: string;
  types: MapTypes | undefined;
  /** What a map of maps holds. */
  inner?: InnerMap | undefined;
}

/** What a map of maps holds. */
export interface InnerMap {
  spec: NativeInnerMapSpec;
  types: MapTypes | undefined;
  /** The object that declares it. */
  object: ObjectHandle;
}

/** How to open a map that is there already. */
export interface MapOpenOptions {
  /**
   * What this handle may be used for: `read` refuses every change with `EPERM`, `write` every look. Default both.
   */
  access?: MapAccess;
  /** What 64-bit integers come as. Default `bigint`. */
  u64?: U64;
}

/** What a handle of a map may be used for. */
export type MapAccess = 'read' | 'write' | 'read-write';

// include/uapi/linux/bpf.h BPF_F_RDONLY, BPF_F_WRONLY
const ACCESS: ReadonlyMap<unknown, number> = new Map([
  ['read', 1 << 3],
  ['write', 1 << 4],
  ['read-write', 0],
]);

export function openPinnedMap(path: string, options: MapOpenOptions = {}): MapSource {
  const { u64 } = checked(options);
  return sourceOf(native().mapOpenPinned(path, accessFlags(options.access)), u64);
}

export function openMapById(id: number, options: MapOpenOptions = {}): MapSource {
  const { u64 } = checked(options);
  return sourceOf(native().mapOpenById(id, accessFlags(options.access)), u64);
}

/** A map that only the kernel describes. */
export function sourceOf(handle: MapHandle, u64: U64 = 'bigint'): MapSource {
  const info = native().mapInfo(handle);
  return { handle, info, name: info.name, types: typesFromKernel(info, u64) };
}

function accessFlags(access: MapAccess = 'read-write'): number {
  const flags = ACCESS.get(access);
  if (flags !== undefined) return flags;
  throw badOption(`access must be read, write or read-write, not ${describeValue(access)}`);
}

function checked(options: MapOpenOptions): MapOpenOptions {
  assertOptions(options, 'opening a map');
  const { u64 } = options;
  if (u64 === undefined || u64 === 'bigint' || u64 === 'number' || u64 === 'auto') return options;
  throw badOption(`u64 must be bigint, number or auto, not ${describeValue(u64)}`);
}

function badOption(message: string): BpfError {
  return new BpfError(message, { code: 'ERR_BPF_ARGUMENT', reason: 'input' });
}

/** A map of the kernel's describes itself by a BTF object of the kernel's; without the right to read it, by nothing. */
function typesFromKernel(info: NativeMapInfo, u64: U64): MapTypes | undefined {
  if (info.btfId === 0) return undefined;
  try {
    const btf = Btf.parse(native().btfById(info.btfId));
    return { btf, keyTypeId: info.keyTypeId, valueTypeId: info.valueTypeId, u64 };
  } catch (error) {
    if (error instanceof BpfError && (error.code === 'EPERM' || error.code === 'EACCES')) return undefined;
    throw error;
  }
}
