import type { LinkInfo } from '../object/index.js';
import type { Holder } from './holders.js';

/** What keeps an object in the kernel, beside other objects. */
export interface Kept {
  /** The paths on bpffs that pin it. */
  pins: string[];
  /** The processes that have it open. */
  holders: Holder[];
}

/** A loaded program. */
export interface ProgramEntry extends Kept {
  id: number;
  /** The C function's name: whole, where the program's BTF tells it; else cut to 15 characters by the kernel. */
  name: string;
  /** libbpf's name of the program type, such as `lsm`. */
  type: string;
  /** A hash over the instructions, in hex. */
  tag: string;
  /** The LSM hook it was loaded for, such as `file_open`; absent for other programs. */
  hook?: string;
  /** The kernel function it was loaded for, such as `bpf_lsm_file_open`, or the function of another program. */
  target?: string;
  /** The user who loaded it. */
  uid: number;
  /** When it was loaded, to about a millisecond: the kernel counts from boot, in {@link ProgramEntry.loadTimeNs}. */
  loadTime: Date;
  /** Nanoseconds since boot (CLOCK_BOOTTIME). */
  loadTimeNs: bigint;
  gplCompatible: boolean;
  /** Bytes of its verified instructions, and of the machine code made of them: 0 when it is interpreted. */
  xlatedBytes: number;
  jitedBytes: number;
  /** Bytes it takes in the kernel, as `/proc/PID/fdinfo` tells; absent without /proc. */
  memoryBytes?: number;
  /** The maps it uses. */
  mapIds: number[];
  /** The links that attach it. */
  linkIds: number[];
  /** The BTF object with its types; absent for none. */
  btfId?: number;
  /** How often it ran, and for how long altogether; counted only while {@link enableRunStatistics} is on. */
  runCount: bigint;
  runTimeNs: bigint;
  /** How often it was skipped because it was running already; LSM programs never are. */
  recursionMisses: bigint;
  /** Instructions the verifier walked through. */
  verifiedInstructions: number;
}

/** A map. */
export interface MapEntry extends Kept {
  id: number;
  /** Cut to 15 characters by the kernel. */
  name: string;
  /** libbpf's name of the map type, such as `hash`. */
  type: string;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  /** `BPF_F_*` of linux/bpf.h */
  flags: number;
  /** Whether it is read-only for user space for good. */
  frozen: boolean;
  memoryBytes?: number;
  /** The BTF object with its types; absent for none. */
  btfId?: number;
  /** The type of the programs in a program array; absent for other maps, and for one without programs yet. */
  ownerProgramType?: string;
  /** The programs that use it. */
  programIds: number[];
}

/** A link, and what it attaches its program to. */
export type LinkEntry = LinkInfo &
  Kept & {
    /** The LSM hook its program is attached to; absent for links of other programs. */
    hook?: string;
    /** The directory of a cgroup link's cgroup; absent for other links, and when it is out of sight. */
    cgroupPath?: string;
  };

/** A BTF object: type information in the kernel. */
export interface BtfEntry {
  id: number;
  /** `vmlinux`, or the name of a module; absent for a program's. */
  name?: string;
  /** Whether it is the kernel's or a module's. */
  kernel: boolean;
  bytes: number;
  /** The programs and maps whose types it has. */
  programIds: number[];
  mapIds: number[];
  /** The processes that have it open. */
  holders: Holder[];
}

/** An object that is there, and may not be looked at. */
export interface Unreadable {
  kind: 'program' | 'map' | 'link' | 'btf';
  id: number;
  /** The errno's name, such as `EPERM`: a security module's word. */
  code: string;
}
