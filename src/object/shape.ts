import type { U64 } from '../btf/index.js';
import type { BpfMap } from './map.js';
import type { BpfProgram } from './program.js';

/** The types of one map: its keys and its values; for a ring buffer the values are its records. */
export interface MapShape {
  key: unknown;
  value: unknown;
}

/**
 * What an object file holds, for the compiler: `bpf-lsm types` writes it. Pass it to {@link BpfObject.open}, and a
 * misspelt program, map, global or field does not compile.
 *
 * ```ts
 * interface Guard {
 *   u64: 'bigint';
 *   programs: 'deny_open';
 *   maps: { denied: { key: number; value: bigint } };
 *   globals: { target_pid: number };
 * }
 * const open = BpfObject.open<Guard>('guard.bpf.o');
 * ```
 */
export interface ObjectShape {
  /** What 64-bit integers are taken to come as: the object can be opened in no other way. */
  u64?: U64;
  /** The names of the programs, as a union. */
  programs: string;
  /** The types of the maps by name. */
  maps: object;
  /** The types of the global variables by name. */
  globals: object;
  /** Those of the constants (`const volatile`), which can be set only before the object is loaded. */
  constants?: object;
}

/** An object of which nothing is known before it is opened. */
export interface AnyShape extends ObjectShape {
  maps: Record<string, { key: unknown; value: unknown }>;
  globals: Record<string, unknown>;
}

/** The programs of an object by name. */
export type Programs<Shape extends ObjectShape, P = BpfProgram> = { readonly [Name in Shape['programs']]: P };

/** The maps of an object by name. */
export type Maps<Shape extends ObjectShape> = {
  readonly [Name in keyof Shape['maps']]: Shape['maps'][Name] extends { key: infer Key; value: infer Value }
    ? BpfMap<Key, Value>
    : BpfMap;
};

/** The global variables of an object by name: reading gives the value, assigning sets it; constants are only read. */
export type Globals<Shape extends ObjectShape> = Shape['globals'] & Readonly<Constants<Shape>>;

/** The same before the object is loaded: constants can be assigned to. */
export type InitialGlobals<Shape extends ObjectShape> = Shape['globals'] & Constants<Shape>;

type Constants<Shape extends ObjectShape> = Shape extends { constants: infer C extends object } ? C : unknown;
