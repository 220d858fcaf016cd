import type { BpfMap } from './map.js';
import type { BpfProgram } from './program.js';

/** The types of one map: its keys and its values; for a ring buffer the values are its records. */
export interface MapShape {
  key: unknown;
  value: unknown;
}

/**
 * What an object file holds, for the compiler: pass your own to {@link BpfObject.open} and a misspelt program, map,
 * global or field does not compile.
 *
 * ```ts
 * interface Guard {
 *   programs: 'deny_open';
 *   maps: { denied: { key: number; value: bigint } };
 *   globals: { target_pid: number };
 * }
 * const open = BpfObject.open<Guard>('guard.bpf.o');
 * ```
 */
export interface ObjectShape {
  /** The names of the programs, as a union. */
  programs: string;
  /** The types of the maps by name. */
  maps: object;
  /** The types of the global variables by name. */
  globals: object;
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

/** The global variables of an object by name: reading gives the value, assigning sets it. */
export type Globals<Shape extends ObjectShape> = {
  -readonly [Name in keyof Shape['globals']]: Shape['globals'][Name];
};
