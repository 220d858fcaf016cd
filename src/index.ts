export type { Btf, Fields, Input, U64, Union } from './btf/index.js';
export { BpfError, type BpfErrorFields, type BpfErrorReason, type VerifierFailure } from './errors.js';
export * from './events/index.js';
export * from './lsm/index.js';
export * from './object/index.js';
