export type { AttachOptions, CgroupOrder, IterateOptions } from './attach-options.js';
export { BpfObject } from './bpf-object.js';
export { activeLsms, bpfIsActive, type Finding, ftraceIsOn } from './consulted.js';
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
export { BpfMap, type SetMode } from './map.js';
export { type ObjectTypesOptions, objectTypes } from './object-types.js';
export type { OpenMap } from './open-map.js';
export {
  type OpenArguments,
  OpenObject,
  type OpenOptions,
} from './open-object.js';
export type { OpenProgram, ProgramFunction } from './open-program.js';
export { type Capability, heldCapabilities, inInitialUserNamespace, missingForLsm } from './privileges.js';
export { BpfProgram, type ProgramInfo } from './program.js';
export type { ProgramReport } from './program-report.js';
export type { AnyShape, Globals, InitialGlobals, MapShape, Maps, ObjectShape, Programs } from './shape.js';
