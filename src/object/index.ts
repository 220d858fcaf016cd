export type { AttachOptions, CgroupOrder, IterateOptions } from './attach-options.js';
export { BpfObject } from './bpf-object.js';
export type { AttachOrder, CgroupAnchor } from './cgroup-place.js';
export type { CgroupTarget } from './cgroup-target.js';
export { activeLsms, bpfIsActive, type Finding, ftraceIsOn } from './consulted.js';
export { type ArgumentFacts, type HookFacts, hookFacts } from './hook-facts.js';
/** @internal */
export * from './internals.js';
export { hasLsmHooks, hookPrototype } from './kernel-hooks.js';
export { Link } from './link.js';
export type {
  CgroupLinkInfo,
  IteratorLinkInfo,
  LinkInfo,
  OtherLinkInfo,
  PerfEventLinkInfo,
  RawTracepointLinkInfo,
  TracingLinkInfo,
} from './link-info.js';
export type { ReplaceOptions } from './link-replace.js';
export { type LockdownState, lockdownState } from './lockdown.js';
export {
  AnyMap,
  BpfArray,
  type BpfArrayDefinition,
  BpfBloomFilter,
  type BpfBloomFilterDefinition,
  BpfMap,
  type BpfMapDefinition,
  BpfQueue,
  type BpfQueueDefinition,
  CgroupArray,
  CgrpStorage,
  type CreateOptions,
  type InnerOptions,
  InodeStorage,
  KeyedMap,
  LocalStorage,
  type MapAccess,
  MapBatch,
  type MapFlag,
  MapOfMaps,
  type MapOfMapsDefinition,
  type MapOpenOptions,
  ProgArray,
  type PushOptions,
  RecordMap,
  type RecordMapDefinition,
  type SetMode,
  SkStorage,
  TaskStorage,
} from './maps/index.js';
export type { ObjectWarning } from './mixed-up-verdicts.js';
export { type ObjectTypesOptions, objectTypes } from './object-types.js';
export type { InnerMapDefinition, OpenMap, OpenMapOfMaps } from './open-map.js';
export {
  type OpenArguments,
  OpenObject,
  type OpenOptions,
} from './open-object.js';
export type { OpenProgram, ProgramFunction } from './open-program.js';
export {
  type Capability,
  capabilitiesFor,
  heldCapabilities,
  inInitialUserNamespace,
  missingCapabilities,
  missingForLsm,
} from './privileges.js';
export { BpfProgram, type ProgramInfo } from './program.js';
export type { ProgramReport } from './program-report.js';
export type { RecordTypes } from './record-type.js';
export type {
  AnyShape,
  Globals,
  InitialGlobals,
  MapOf,
  MapShape,
  Maps,
  ObjectShape,
  OpenMaps,
  Programs,
  UntypedMap,
} from './shape.js';
