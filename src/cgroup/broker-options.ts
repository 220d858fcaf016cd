import { describeValue } from '../btf/index.js';
import { assertOptions, BpfError } from '../errors.js';
import { BpfProgram, cgroupAttachTypes } from '../object/index.js';
import { encodeMessage, MOST_BYTES } from './broker-messages.js';
import type { Cgroup } from './cgroup.js';

/** Who is connected to a broker, as the kernel noted when they connected (SO_PEERCRED). */
export interface BrokerPeer {
  /** For records only: by now it may be another process's. As this process's PID namespace knows it; else 0. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Something a broker did, or refused to do. */
export interface BrokerRecord {
  /** Absent when nobody could be connected. */
  peer?: BrokerPeer;
  /** The program that was asked for; absent when it never came to that. */
  program?: string;
  /** The cgroup that it was asked for. */
  cgroup?: Cgroup;
  /** The link that was handed over; absent when it was refused. */
  linkId?: number;
  /** Why it was refused, or why the connection was ended. */
  error?: BpfError;
}

/** How much a {@link Broker} gives to each user, and to all. */
export interface BrokerLimits {
  /** Connections at a time. Default 256. */
  clients: number;
  /** Connections of one user at a time. Default 16. */
  clientsPerUser: number;
  /** Links that one user holds at a time, over all connections, ended ones too. Default 256. */
  linksPerUser: number;
}

/** How a {@link Broker} works. */
export interface BrokerOptions {
  /** Where it listens: a path that is not taken, of at most 107 bytes, in a directory that only you may write to. */
  path: string;
  /** The mode of the socket, which decides who can connect at all. Default `0o666`. */
  mode?: number;
  /**
   * The programs that clients may attach, by the names they ask for: loaded, for cgroups, and vetted by you. A program
   * also judges what setuid programs do that a client starts in its cgroup.
   */
  programs: Readonly<Record<string, BpfProgram>>;
  /**
   * The cgroup below which, itself included, a client may attach; undefined for a client that may nowhere. Asked when
   * somebody connects, and at every request. Decide by the user: the process may be another by now.
   */
  subtreeOf: (peer: BrokerPeer) => Cgroup | undefined;
  /** Told of everything that was done or refused. What it throws is an uncaught exception. */
  onRecord?: (record: BrokerRecord) => void;
  /** Bounds on what clients can make the broker and the kernel hold. */
  limits?: Partial<BrokerLimits>;
}

/** The same, checked and complete. */
export interface CheckedOptions extends Required<BrokerOptions> {
  limits: BrokerLimits;
}

/** @throws BpfError `ERR_BPF_ARGUMENT`, `ERR_BPF_NOT_GUARANTEED` */
export function checkedOptions(options: BrokerOptions): CheckedOptions {
  assertOptions(options, 'a Broker');
  const { path, mode = 0o666, programs, subtreeOf, onRecord = () => undefined, limits = {} } = options;
  if (typeof subtreeOf !== 'function') throw bad('subtreeOf', 'a function', subtreeOf);
  if (typeof onRecord !== 'function') throw bad('onRecord', 'a function', onRecord);
  return { path, mode, programs: checkedPrograms(programs), subtreeOf, onRecord, limits: checked(limits) };
}

function checked(limits: Partial<BrokerLimits>): BrokerLimits {
  assertOptions(limits, 'limits of a Broker');
  const { clients = 256, clientsPerUser = 16, linksPerUser = 256 } = limits;
  for (const [name, value] of Object.entries({ clients, clientsPerUser, linksPerUser })) {
    if (!Number.isInteger(value) || value < 1) throw bad(name, 'an integer from 1', value);
  }
  return { clients, clientsPerUser, linksPerUser };
}

function checkedPrograms(programs: unknown): Readonly<Record<string, BpfProgram>> {
  assertOptions(programs, 'programs of a Broker');
  const entries = Object.entries(programs as Record<string, unknown>);
  if (entries.length === 0) throw bad('programs', 'loaded programs by name', programs);
  for (const [name, program] of entries) assertVetted(name, program);
  const names = entries.map(([name]) => name);
  if (encodeMessage({ id: Number.MAX_SAFE_INTEGER, programs: names }).length > MOST_BYTES) {
    throw bad('programs', `few enough for their names to fit into ${MOST_BYTES} bytes`, programs);
  }
  return Object.freeze(Object.fromEntries(entries)) as Record<string, BpfProgram>;
}

/** What no broker may hand out, however it was vetted: a client would loosen with it what others deny in its cgroup. */
function assertVetted(name: string, program: unknown): asserts program is BpfProgram {
  if (!(program instanceof BpfProgram)) throw bad(`programs.${name}`, 'a loaded program', program);
  const { type, attachType = '' } = program;
  if (cgroupAttachTypes(type).includes(attachType)) {
    program.assertGuaranteed();
    return;
  }
  throw new BpfError(`program "${program.name}" cannot be handed out by a Broker: it attaches to no cgroup`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    program: program.name,
    hint: 'use programs in sections such as lsm_cgroup/..., cgroup/connect4 or cgroup_skb/egress',
  });
}

function bad(name: string, wanted: string, given: unknown): BpfError {
  return new BpfError(`${name} of a Broker must be ${wanted}, not ${describeValue(given)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
  });
}
