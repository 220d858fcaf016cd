export { BpfObject } from './bpf-object.js';
export { activeLsms, bpfIsActive, type Finding, ftraceIsOn } from './consulted.js';
export { type ArgumentFacts, type HookFacts, hookFacts } from './hook-facts.js';
/** @internal */
export * from './internals.js';
export { hasLsmHooks, hookPrototype } from './kernel-hooks.js';
export { Link, type LinkInfo } from './link.js';
export { BpfMap, type SetMode } from './map.js';
export { type ObjectTypesOptions, objectTypes } from './object-types.js';
export type { OpenMap } from './open-map.js';
export {
  type OpenArguments,
  OpenObject,
  type OpenOptions,
} from './open-object.js';
export type { OpenProgram } from './open-program.js';
export { type Capability, heldCapabilities, inInitialUserNamespace, missingForLsm } from './privileges.js';
export { type AttachOptions, BpfProgram, type ProgramInfo } from './program.js';
export type { AnyShape, Globals, InitialGlobals, MapShape, Maps, ObjectShape, Programs } from './shape.js';
