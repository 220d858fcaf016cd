import type { U64 } from '../btf/index.js';
import type {
  AnyMap,
  BpfArray,
  BpfBloomFilter,
  BpfMap,
  BpfQueue,
  CgroupArray,
  CgrpStorage,
  InodeStorage,
  MapOfMaps,
  ProgArray,
  RecordMap,
  SkStorage,
  TaskStorage,
} from './maps/index.js';
import type { OpenMap, OpenMapOfMaps } from './open-map.js';
import type { BpfProgram } from './program.js';

/** The types of one map. What its type has no use for can be left out. */
export interface MapShape {
  /** libbpf's name of the map type. Default: that of a {@link BpfMap}, or of records when `key` is never. */
  type?: string;
  key?: unknown;
  /** For a ring buffer, its records. */
  value?: unknown;
  /** Of a map of maps: the maps in it. */
  inner?: MapShape;
}

/**
 * What an object file holds, for the compiler: `bpf-lsm types` writes it. Pass it to {@link BpfObject.open}, and a
 * misspelt program, map, global or field does not compile.
 *
 * ```ts
 * interface Guard {
 *   u64: 'bigint';
 *   programs: 'deny_open';
 *   maps: { denied: { type: 'hash'; key: number; value: bigint } };
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
export type Maps<Shape extends ObjectShape> = string extends keyof Shape['maps']
  ? { readonly [Name in keyof Shape['maps']]: UntypedMap }
  : { readonly [Name in keyof Shape['maps']]: MapOf<Shape['maps'][Name]> };

/** The same before the object is loaded. */
export type OpenMaps<Shape extends ObjectShape> = {
  readonly [Name in keyof Shape['maps']]: Shape['maps'][Name] extends { type: infer Type extends string }
    ? string extends Type
      ? OpenMapOfMaps
      : Type extends 'array_of_maps' | 'hash_of_maps'
        ? OpenMapOfMaps
        : OpenMap
    : string extends keyof Shape['maps']
      ? OpenMapOfMaps
      : OpenMap;
};

/** The class of a map by its shape. */
export type MapOf<M> = M extends { type: infer Type extends string }
  ? MapOfType<Type, KeyOf<M>, ValueOf<M>, M>
  : [KeyOf<M>] extends [never]
    ? RecordMap<ValueOf<M>>
    : BpfMap<KeyOf<M>, ValueOf<M>>;

/** A map of which nothing is known to the compiler: all methods of all classes; a wrong one is refused when it is called. */
export type UntypedMap = BpfMap &
  BpfArray &
  BpfQueue &
  BpfBloomFilter &
  ProgArray &
  CgroupArray &
  MapOfMaps &
  RecordMap &
  TaskStorage &
  InodeStorage &
  SkStorage &
  CgrpStorage;

type KeyOf<M> = M extends { key: infer Key } ? Key : unknown;
type ValueOf<M> = M extends { value: infer Value } ? Value : unknown;
type InnerOf<M> = M extends { inner: infer Inner }
  ? MapOf<Inner> extends infer C extends AnyMap
    ? C
    : AnyMap
  : AnyMap;

type MapOfType<Type extends string, Key, Value, M> = Type extends 'array' | 'percpu_array'
  ? BpfArray<Value>
  : Type extends 'queue' | 'stack'
    ? BpfQueue<Value>
    : Type extends 'bloom_filter'
      ? BpfBloomFilter<Value>
      : Type extends 'prog_array'
        ? ProgArray
        : Type extends 'cgroup_array'
          ? CgroupArray
          : Type extends 'array_of_maps' | 'hash_of_maps'
            ? MapOfMaps<Key, InnerOf<M>>
            : Type extends 'ringbuf' | 'user_ringbuf' | 'perf_event_array'
              ? RecordMap<Value>
              : Type extends 'task_storage'
                ? TaskStorage<Value>
                : Type extends 'inode_storage'
                  ? InodeStorage<Value>
                  : Type extends 'sk_storage'
                    ? SkStorage<Value>
                    : Type extends 'cgrp_storage'
                      ? CgrpStorage<Value>
                      : BpfMap<Key, Value>;

/** The global variables of an object by name: reading gives the value, assigning sets it; constants are only read. */
export type Globals<Shape extends ObjectShape> = Shape['globals'] & Readonly<Constants<Shape>>;

/** The same before the object is loaded: constants can be assigned to. */
export type InitialGlobals<Shape extends ObjectShape> = Shape['globals'] & Constants<Shape>;

type Constants<Shape extends ObjectShape> = Shape extends { constants: infer C extends object } ? C : unknown;
