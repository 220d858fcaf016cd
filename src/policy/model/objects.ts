import type { AddressFamily, CapabilityName, Protocol, SocketType } from './words.js';

/**
 * A file, by identity. Rules of the nearest sort win: the file itself, then its name, then what it is (set-id bit,
 * owner), then the directories above it from the nearest on; a file system stands at its root.
 */
export type FileObject =
  /** This file or directory, existing or not, under every name it has. */
  | { readonly kind: 'path'; readonly path: string }
  /** This directory and everything beneath it. */
  | { readonly kind: 'beneath'; readonly path: string }
  /** Files and directories so called, anywhere: the last component of a path, without wildcards. */
  | { readonly kind: 'name'; readonly name: string }
  /** Files with the set-user-ID bit, or the set-group-ID bit together with group execute permission. */
  | { readonly kind: 'set-id' }
  /** Files that belong to this user. */
  | { readonly kind: 'owner'; readonly uid: number }
  /** Everything on file systems of this type, such as `tmpfs`. */
  | { readonly kind: 'file-system'; readonly type: string };

/** The process that is acted upon. All three are about itself: where rules for several match, a denial wins. */
export type ProcessObject =
  /** Processes that run this executable. */
  | { readonly kind: 'target-executable'; readonly path: string }
  /** Processes whose real uid is this one. */
  | { readonly kind: 'target-uid'; readonly uid: number }
  /** Processes that the same policy governs, or those that it does not. */
  | { readonly kind: 'target-scope'; readonly scope: 'inside' | 'outside' };

/** A capability, such as `CAP_SYS_ADMIN`. */
export interface CapabilityObject {
  readonly kind: 'capability';
  readonly capability: CapabilityName;
}

/** Sockets by what socket(2) is asked for; a rule that says more of it is nearer. At least one is not null. */
export interface SocketObject {
  readonly kind: 'socket';
  /** An address family, such as `AF_INET6`. */
  readonly family: AddressFamily | null;
  /** A type, such as `SOCK_RAW`. */
  readonly type: SocketType | null;
  /** A protocol, such as `IPPROTO_MPTCP`. */
  readonly protocol: Protocol | null;
}

/** Ports from one to another, both included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** The transports that a rule can tell apart; MPTCP is `tcp`. */
export type Transport = 'tcp' | 'udp';

/** An address: of the other side for connect and send, of the socket itself for bind, listen and accept. */
export type AddressObject =
  /**
   * A network. The longest prefix is the nearest; at equal prefixes the narrowest range of ports, then one with a
   * transport. IPv4-mapped IPv6 addresses are IPv4 addresses, and no IPv6 prefix holds them.
   */
  | {
      readonly kind: 'ip';
      readonly family: 4 | 6;
      /** The network's address in its canonical form, without bits beyond the prefix. */
      readonly address: string;
      readonly prefix: number;
      /** Null for all ports. */
      readonly ports: PortRange | null;
      /** Null for all transports. */
      readonly transport: Transport | null;
    }
  /** Ports of every address, IPv4 and IPv6; farther than any network, a prefix of length 0 included. */
  | { readonly kind: 'port'; readonly ports: PortRange; readonly transport: Transport | null }
  /** The unix socket at this path, by identity as files are. */
  | { readonly kind: 'unix-path'; readonly path: string }
  /** Unix sockets beneath this directory. */
  | { readonly kind: 'unix-beneath'; readonly path: string }
  /** The unix socket with this abstract name, without the leading NUL. */
  | { readonly kind: 'unix-abstract'; readonly name: string };

/** What bpf(2) is asked for. A program type is nearer than a command. */
export type BpfCallObject =
  /** A command, such as `BPF_PROG_LOAD`. */
  | { readonly kind: 'bpf-command'; readonly command: string }
  /** Loading programs of a type, such as `BPF_PROG_TYPE_LSM`. */
  | { readonly kind: 'bpf-program-type'; readonly type: string };

/** New mounts of a file system type. */
export interface MountObject {
  readonly kind: 'mount-type';
  readonly type: string;
}

/** What lockdown would forbid, by the kernel's name, such as `LOCKDOWN_DEV_MEM`. */
export interface LockdownObject {
  readonly kind: 'lockdown-reason';
  readonly reason: string;
}

/** The objects of each sort of operations. */
export interface ObjectsOf {
  file: FileObject;
  process: ProcessObject;
  capability: CapabilityObject;
  socket: SocketObject;
  address: AddressObject;
  bpf: BpfCallObject;
  mount: MountObject;
  lockdown: LockdownObject;
  nothing: never;
}

/** An object of any sort. */
export type PolicyObject = ObjectsOf[keyof ObjectsOf];
