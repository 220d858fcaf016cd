import { type LinkHandle, type NativeLinkInfo, native } from '../native.js';
import type { CgroupOrder } from './attach-options.js';
import { kernelTells } from './kernel-structs.js';
import { functionName } from './program-kind.js';

/** What the kernel says of every link. */
interface LinkFacts {
  /** The link's id, as `bpftool link` shows it. */
  id: number;
  /** The id of the attached program. */
  programId: number;
}

/** Of an `lsm/`, `fentry/`, `fexit/`, `fmod_ret/` or `freplace/` program. */
export interface TracingLinkInfo extends LinkFacts {
  type: 'tracing';
  /** libbpf's name of the attach type, such as `lsm_mac` or `trace_fexit`; `freplace`, which has none, for one of these. */
  attachType: string;
  /** The id of the BTF object with the function, 1 for the kernel's own; for `freplace/` that of a program. */
  targetObjectId: number;
  /** The function's id in that BTF. */
  targetBtfId: number;
  /** The function's name, such as `bpf_lsm_file_open`; absent for one of a module or of a program. */
  target?: string;
  /** The cookie; absent where the kernel does not tell it (before Linux 7.3). */
  cookie?: bigint;
}

/** Of an `lsm_cgroup/`, `cgroup/`, `cgroup_skb/` or `sockops` program. */
export interface CgroupLinkInfo extends LinkFacts {
  type: 'cgroup';
  /** libbpf's name of the attach type, such as `lsm_cgroup` or `cgroup_inet4_connect`. */
  attachType: string;
  /** The cgroup's id, the inode number of its directory; 0n once it is gone or the link was detached. */
  cgroupId: bigint;
  /** Whether the link has no cgroup any more, so that its program does not run: it can only be closed. */
  defunct: boolean;
}

/** Of a `raw_tp/` or `tp_btf/` program. */
export interface RawTracepointLinkInfo extends LinkFacts {
  type: 'raw_tracepoint';
  /** The tracepoint's name, such as `sys_enter`. */
  target: string;
  /** The cookie; absent where the kernel does not tell it (before Linux 7.3). */
  cookie?: bigint;
}

/** Of an `iter/` program. */
export interface IteratorLinkInfo extends LinkFacts {
  type: 'iter';
  /** What it walks over, such as `task` or `bpf_map_elem`. */
  target: string;
  /** The id of the map whose elements it walks over. */
  mapId?: number;
  /** The id of the cgroup it starts from, and the order of the walk. */
  cgroupId?: bigint;
  order?: CgroupOrder;
  /** The thread or the process whose tasks it walks over. */
  tid?: number;
  pid?: number;
}

/** Of a `kprobe/`, `kretprobe/` or `tracepoint/` program. What it is on, the kernel tells since Linux 6.6. */
export interface PerfEventLinkInfo extends LinkFacts {
  type: 'perf_event';
  event?: 'uprobe' | 'uretprobe' | 'kprobe' | 'kretprobe' | 'tracepoint' | 'event';
  /** The function, the tracepoint, or the file of a uprobe. */
  target?: string;
  /** Of a probe: the bytes behind the beginning of the function or file. */
  offset?: number;
  /** Of a kernel probe: its address; 0n when you may not see kernel addresses. */
  address?: bigint;
  /** The cookie (Linux 6.9). */
  cookie?: bigint;
}

/** Of a link that this library opens and does not make. */
export interface OtherLinkInfo extends LinkFacts {
  /** libbpf's name of the link type; the kernel's number for one that neither libbpf nor this library knows. */
  type:
    | 'unspec'
    | 'netns'
    | 'xdp'
    | 'kprobe_multi'
    | 'struct_ops'
    | 'netfilter'
    | 'tcx'
    | 'uprobe_multi'
    | 'netkit'
    | 'sockmap'
    | `${number}`;
}

/** What the kernel says of a link, by its type. */
export type LinkInfo =
  | TracingLinkInfo
  | CgroupLinkInfo
  | RawTracepointLinkInfo
  | IteratorLinkInfo
  | PerfEventLinkInfo
  | OtherLinkInfo;

const ORDERS: readonly CgroupOrder[] = ['self_only', 'descendants_pre', 'descendants_post', 'ancestors_up'];

// enum bpf_perf_event_type, from 1 on.
const EVENTS = ['uprobe', 'uretprobe', 'kprobe', 'kretprobe', 'tracepoint', 'event'] as const;

/** What a link tells, without what this kernel does not tell. */
function linkInfoOf(told: NativeLinkInfo): LinkInfo {
  const { id, programId } = told;
  switch (told.type) {
    case 'tracing':
      return { id, type: 'tracing', programId, ...tracing(told) };
    case 'cgroup': {
      const { attachType = '', cgroupId = 0n } = told;
      return { id, type: 'cgroup', programId, attachType, cgroupId, defunct: cgroupId === 0n };
    }
    case 'raw_tracepoint':
      return {
        id,
        type: 'raw_tracepoint',
        programId,
        target: told.name ?? '',
        ...cookie(told, 'raw_tracepoint'),
      };
    case 'iter':
      return { id, type: 'iter', programId, ...iterator(told) };
    case 'perf_event':
      return { id, type: 'perf_event', programId, ...perfEvent(told) };
    default:
      return { id, type: told.type as OtherLinkInfo['type'], programId };
  }
}

function tracing(told: NativeLinkInfo): Omit<TracingLinkInfo, 'type' | keyof LinkFacts> {
  const { attachType: given = '', targetObjectId = 0, targetBtfId = 0 } = told;
  // freplace has the attach type 0, which is a cgroup's, and its target is a program by its id.
  const attachType = given.startsWith('cgroup') ? 'freplace' : given;
  const target = attachType === 'freplace' ? undefined : functionName(targetObjectId, targetBtfId);
  return {
    attachType,
    targetObjectId,
    targetBtfId,
    ...(target !== undefined && { target }),
    ...cookie(told, 'tracing'),
  };
}

function iterator(told: NativeLinkInfo): Omit<IteratorLinkInfo, 'type' | keyof LinkFacts> {
  const { name = '', mapId, cgroupId, order = 0, tid, pid } = told;
  const direction = ORDERS[order - 1];
  return {
    target: name,
    ...(mapId && { mapId }),
    ...(cgroupId && { cgroupId }),
    ...(direction && { order: direction }),
    ...(tid && { tid }),
    ...(pid && { pid }),
  };
}

function perfEvent(told: NativeLinkInfo): Omit<PerfEventLinkInfo, 'type' | keyof LinkFacts> {
  const { eventType = 0, name, offset, address } = told;
  const event = EVENTS[eventType - 1];
  if (!event) return {};
  return {
    event,
    ...(name && { target: name }),
    ...(event.endsWith('probe') && { offset: offset ?? 0 }),
    ...(event.startsWith('k') && { address: address ?? 0n }),
    ...cookie(
      told,
      'perf_event',
      event.startsWith('u') ? 'uprobe' : event.startsWith('k') ? 'kprobe' : event,
    ),
  };
}

/** The cookie, where the running kernel's struct bpf_link_info has a place for it. */
function cookie(told: NativeLinkInfo, ...place: string[]): { cookie?: bigint } {
  return kernelTells('bpf_link_info', ...place, 'cookie') ? { cookie: told.cookie ?? 0n } : {};
}

/** Asks the kernel. */
export function readLinkInfo(handle: LinkHandle): LinkInfo {
  return linkInfoOf(native().linkInfo(handle));
}
