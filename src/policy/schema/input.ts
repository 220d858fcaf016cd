import type {
  AddressFamily,
  CapabilityName,
  Effect,
  Operation,
  OperationClass,
  OperationOn,
  Protocol,
  SocketType,
  Target,
  Transport,
} from '../model/index.js';

/** One id, or a range of them, both ends included. */
export type IdInput = number | { readonly from: number; readonly to: number };

/** One port, or a range of them, both ends included. */
export type PortInput = number | { readonly from: number; readonly to: number };

/** An executable: one file, or all beneath a directory. */
export type ExecutableInput = { readonly path: string } | { readonly beneath: string };

/** A file, as it is written; see {@link FileObject}. */
export type FileObjectInput =
  | ExecutableInput
  | { readonly name: string }
  | { readonly setId: true }
  | { readonly owner: number }
  | { readonly fileSystem: string };

/** A process that is acted upon, as it is written; see {@link ProcessObject}. */
export type ProcessObjectInput =
  | { readonly executable: string }
  | { readonly uid: number }
  | { readonly scope: 'inside' | 'outside' };

/** A socket that is made, as it is written: at least one of the three; see {@link SocketObject}. */
export type SocketObjectInput =
  | {
      readonly family: AddressFamily;
      readonly type?: SocketType | undefined;
      readonly protocol?: Protocol | undefined;
    }
  | { readonly type: SocketType | undefined; readonly protocol?: Protocol | undefined }
  | { readonly protocol: Protocol }
  | undefined;

/** An address, as it is written; see {@link AddressObject}. */
export type AddressObjectInput =
  /** An address or a network, such as `10.0.0.0/8` or `2001:db8::1`. */
  | {
      readonly address: string;
      readonly port?: PortInput | undefined;
      readonly transport?: Transport | undefined;
    }
  | { readonly port: PortInput | undefined; readonly transport?: Transport | undefined }
  | { readonly unix: string }
  | { readonly unixBeneath: string }
  | { readonly unixAbstract: string }
  | undefined;

/** A call of bpf(2), as it is written; see {@link BpfCallObject}. */
export type BpfCallObjectInput = { readonly command: string } | { readonly programType: string };

/** How the objects of each sort of operations are written. */
export interface ObjectInputs {
  file: FileObjectInput;
  process: ProcessObjectInput;
  capability: { readonly capability: CapabilityName };
  socket: SocketObjectInput;
  address: AddressObjectInput;
  bpf: BpfCallObjectInput;
  mount: { readonly fileSystem: string };
  lockdown: { readonly lockdown: string };
  nothing: never;
}

/** Operations that are denied, or operations that are allowed. */
export type EffectInput<Names extends Operation> =
  | { readonly deny: readonly Names[]; readonly allow?: never }
  | { readonly allow: readonly Names[]; readonly deny?: never };

/** A rule about some objects, as it is written. */
export type RuleOnInput<Sort extends Target> = EffectInput<OperationOn<Sort>> & {
  readonly objects: readonly ObjectInputs[Sort][];
  readonly reason?: string | undefined;
};

/** A rule, as it is written: what it denies or allows, on which objects; without objects, on whatever the object is. */
export type RuleInput =
  | (EffectInput<Operation> & { readonly objects?: never; readonly reason?: string | undefined })
  | { [Sort in Exclude<Target, 'nothing'>]: RuleOnInput<Sort> }[Exclude<Target, 'nothing'>]
  | undefined;

/** A policy, as it is written: what {@link definePolicy} takes, and what a YAML document holds. */
export interface PolicyInput {
  /** A lower-case letter, then lower-case letters, digits and `-`; at most 63. */
  readonly name: string;
  readonly description?: string | undefined;
  /** Whom it governs: everybody, the processes of a cgroup and those beneath it, or those in a domain. */
  readonly scope: 'host' | { readonly cgroup: string } | { readonly domain: string };
  /** Which of those: the ones for which all of this holds. */
  readonly when?:
    | {
        readonly executables?: readonly ExecutableInput[] | undefined;
        readonly uids?: readonly IdInput[] | undefined;
        readonly gids?: readonly IdInput[] | undefined;
      }
    | undefined;
  readonly mode: 'audit' | 'enforce';
  /** Default `EACCES`. */
  readonly errno?: 'EACCES' | 'EPERM' | undefined;
  /** Default `deny`. */
  readonly onExhaustion?: Effect | undefined;
  /** For operations that no rule decides; default `allow`. */
  readonly defaults?: { readonly [Class in OperationClass]?: Effect | undefined } | undefined;
  readonly rules: readonly RuleInput[];
}
