export type {
  Btf,
  BtfArray,
  BtfComposite,
  BtfDatasec,
  BtfDeclTag,
  BtfEnum,
  BtfEnum64,
  BtfFloat,
  BtfForward,
  BtfFunc,
  BtfFuncProto,
  BtfInt,
  BtfKind,
  BtfLinkage,
  BtfMember,
  BtfReference,
  BtfType,
  BtfTypedef,
  BtfTypeTag,
  BtfUnknown,
  BtfVar,
  BtfVoid,
  Codec,
  CodecOptions,
  Cursor,
  CursorClass,
  Fields,
  Input,
  U64,
  Union,
} from './btf/index.js';
export * from './cgroup/index.js';
export { BpfError, type BpfErrorFields, type BpfErrorReason, type VerifierFailure } from './errors.js';
export * from './events/index.js';
export * from './governor/index.js';
export * from './lsm/index.js';
export * from './object/index.js';
export * from './policy/index.js';
export * from './trace/index.js';
