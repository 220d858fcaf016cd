// What bpf/engine/layout.h declares, as BTF gives it.

/** Which policies say something, and which of these allow. */
export interface Pair {
  mentions: bigint;
  allows: bigint;
}

export interface OperationWords {
  relevant: bigint;
  defaults: bigint;
  specific: bigint;
  located: bigint;
  facts: bigint;
  types: bigint;
  set_id: Pair;
}

export interface GenerationRecord {
  number: number;
  levels: number;
  host: bigint;
  by_cgroup: bigint;
  by_domain: bigint;
  enforced: bigint;
  lenient: bigint;
  eperm: bigint;
  conditional: bigint;
  with_uids: bigint;
  with_gids: bigint;
  with_executables: bigint;
  operations: OperationWords[];
  filter: Uint8Array;
  names: string[];
}

export interface AnchorKey {
  inode: bigint;
  device: number;
  operation: number;
}

export interface Anchor {
  self: Pair;
  below: Pair;
  child_lengths: bigint;
}

export interface NameKey {
  directory: AnchorKey;
  piece: Uint8Array;
}

export interface NameRules {
  self: Pair;
  below: Pair;
  next: bigint;
}

export interface SourcePiece {
  bytes: number;
  text: Uint8Array;
}

export interface ScopeKey {
  id: bigint;
  kind: 'SCOPE_CGROUP' | 'SCOPE_DOMAIN';
  zero: number;
}

export interface IdPrefix {
  prefixlen: number;
  kind: 'ID_OF_USER' | 'ID_OF_GROUP';
  id: Uint8Array;
}

export interface FactKey {
  value: bigint;
  operation: number;
  kind:
    | 'FACT_CAPABILITY'
    | 'FACT_BPF_COMMAND'
    | 'FACT_BPF_PROGRAM_TYPE'
    | 'FACT_LOCKDOWN_REASON'
    | 'FACT_TARGET_UID'
    | 'FACT_TARGET_SCOPE';
}

export interface AddressKey {
  prefixlen: number;
  operation: number;
  family: number;
  zero: number;
  address: number[];
}

export interface PortKey {
  prefixlen: number;
  set: number;
  transport: number;
  port: number;
}

export interface UnixNameKey {
  operation: number;
  length: number;
  name: Uint8Array;
}

export interface SocketKey {
  family: number;
  type: number;
  protocol: number;
}

/** Of the operations bit n is for number n. */
export interface Candidate {
  slot: number;
  number: number;
  by_host: bigint;
  by_cgroup: bigint;
  by_domain: bigint;
}

export interface StateRecord {
  active: Candidate;
  fallback: Candidate;
  deadline_ns: bigint;
}

export interface ControlRecord {
  layout: number;
  current: number;
  over: number;
  zero: number;
  states: StateRecord[];
  lost: bigint;
  missing: bigint;
}

export interface Turn {
  pid: number;
  zero: number;
  started: bigint;
}

export interface Membership {
  number: number;
  count: number;
  word: bigint;
  domains: bigint[];
}

export interface DecisionRecord {
  time_ns: bigint;
  denied: bigint;
  enforced: bigint;
  cgroup: bigint;
  inode: bigint;
  device: number;
  operation: number;
  generation: number;
  pid: number;
  tid: number;
  uid: number;
  result: number;
  comm: string;
}

/** ENGINE_LAYOUT */
export const LAYOUT = 1;
/** SLOTS */
export const SLOTS = 4;
/** STATES */
export const STATES = 16;
/** POLICIES */
export const POLICIES = 64;
/** OPERATIONS */
export const OPERATIONS = 64;
/** FILTER_BITS */
export const FILTER_BITS = 20;
/** NAME_PIECE */
export const NAME_PIECE = 32;
/** NAME_GOES_ON */
export const NAME_GOES_ON = 0xffffffff;
/** SOURCE_BYTES */
export const SOURCE_BYTES = 4092;
/** NO_DEVICE, ANYWHERE: names that are meant anywhere. */
export const ANYWHERE = { device: 0, inode: 0n };
/** NO_DEVICE, FILE_SYSTEMS: types of file systems. */
export const FILE_SYSTEMS = { device: 0, inode: 1n };
/** OWNED_BY */
export const OWNED_BY = 0xfffffffe;
/** OPERATION_RUN_BY */
export const RUN_BY = 62;
/** DOMAINS */
export const DOMAINS = 15;
/** FAMILY_UNCLEAR_IP */
export const FAMILY_UNCLEAR_IP = 0;
/** FAMILY_UNCLEAR_UNIX */
export const FAMILY_UNCLEAR_UNIX = 1;
/** enum transport, TRANSPORT_OTHER being 0 */
export const TRANSPORTS = { tcp: 1, udp: 2 } as const;
/** UNIX_NAME_BYTES */
export const UNIX_NAME_BYTES = 108;
/** SOCKET_ANY */
export const SOCKET_ANY = 0xffff;
