export { Btf } from './btf.js';
export type {
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
  BtfLinkage,
  BtfMember,
  BtfReference,
  BtfType,
  BtfTypedef,
  BtfTypeTag,
  BtfUnknown,
  BtfVar,
  BtfVoid,
} from './btf-type.js';
export { type Codec, type CodecOptions, codecFor } from './codec.js';
export { type Cursor, type CursorClass, type CursorOptions, cursorFor } from './cursor.js';
export type { U64 } from './decode-rules.js';
export { describeValue } from './describe.js';
export type { BtfKind } from './kind.js';
export type {
  AnonymousMember,
  ArrayLayout,
  BitfieldLayout,
  BoolLayout,
  BytesLayout,
  EnumLayout,
  FloatLayout,
  IntLayout,
  Layout,
  MemberLayout,
  NamedMember,
  PointerLayout,
  RecordLayout,
  StringLayout,
} from './layout.js';
export { layoutOf } from './layout-of.js';
export { comment as tsComment, propertyName as tsProperty, quoted as tsString } from './ts-names.js';
export { TsTypes } from './ts-types.js';
export type { Fields, Input, Union } from './value-types.js';
