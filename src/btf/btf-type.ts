/** The implicit type 0. */
export interface BtfVoid {
  readonly kind: 'void';
}

/** An integer; `bits` and `bitOffset` differ from the whole of `size` only for bitfields of old compilers. */
export interface BtfInt {
  readonly kind: 'int';
  readonly name: string;
  /** Bytes of storage: 1, 2, 4, 8 or 16. */
  readonly size: number;
  readonly bits: number;
  readonly bitOffset: number;
  readonly signed: boolean;
  /** `BTF_INT_CHAR`; compilers seldom set it, so a character type is told by its name. */
  readonly char: boolean;
  /** `BTF_INT_BOOL`. */
  readonly bool: boolean;
}

/** A type that refers to one other and has no name: a pointer or a qualifier. */
export interface BtfReference {
  readonly kind: 'ptr' | 'volatile' | 'const' | 'restrict';
  /** The id of the type pointed to or qualified. */
  readonly type: number;
}

/** An array; `count` is 0 for a flexible array. */
export interface BtfArray {
  readonly kind: 'array';
  readonly element: number;
  readonly index: number;
  readonly count: number;
}

/** One member of a struct or union. */
export interface BtfMember {
  /** Empty for an anonymous struct or union. */
  readonly name: string;
  readonly type: number;
  /** Bits from the start of the struct, numbered as the byte order of the BTF numbers them. */
  readonly bitOffset: number;
  /** The width of a bitfield in bits; 0 for an ordinary member. */
  readonly bitSize: number;
}

/** A struct or union; `size` in bytes. */
export interface BtfComposite {
  readonly kind: 'struct' | 'union';
  /** Empty when anonymous. */
  readonly name: string;
  readonly size: number;
  readonly members: readonly BtfMember[];
}

/** An enum whose values fit 32 bits. */
export interface BtfEnum {
  readonly kind: 'enum';
  readonly name: string;
  readonly size: number;
  /** Compilers before LLVM 16 leave this false even for an enum with negative values. */
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: number }[];
}

/** An enum with 64-bit values (kernel 6.0). */
export interface BtfEnum64 {
  readonly kind: 'enum64';
  readonly name: string;
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}

/** A struct or union declared but not defined. */
export interface BtfForward {
  readonly kind: 'fwd';
  readonly name: string;
  readonly of: 'struct' | 'union';
}

/** A typedef. */
export interface BtfTypedef {
  readonly kind: 'typedef';
  readonly name: string;
  readonly type: number;
}

/** Where a function or variable is visible; a number when the value is not one `linux/btf.h` names. */
export type BtfLinkage = 'static' | 'global' | 'extern' | number;

/** A function; `type` is its prototype. */
export interface BtfFunc {
  readonly kind: 'func';
  readonly name: string;
  readonly type: number;
  readonly linkage: BtfLinkage;
}

/** A function prototype. A variadic one has `variadic` set and no parameter for the dots. */
export interface BtfFuncProto {
  readonly kind: 'func_proto';
  /** The id of the return type. */
  readonly returns: number;
  readonly params: readonly { readonly name: string; readonly type: number }[];
  readonly variadic: boolean;
}

/** A variable (kernel 5.2). */
export interface BtfVar {
  readonly kind: 'var';
  readonly name: string;
  readonly type: number;
  readonly linkage: BtfLinkage;
}

/**
 * A data section such as `.data` (kernel 5.2). A compiler leaves `size` and the offsets 0; libbpf fills them in when
 * it opens the object.
 */
export interface BtfDatasec {
  readonly kind: 'datasec';
  readonly name: string;
  readonly size: number;
  /** Each entry names a var type, its byte offset in the section and its size in bytes. */
  readonly vars: readonly { readonly type: number; readonly offset: number; readonly size: number }[];
}

/** A floating point type (kernel 5.13). */
export interface BtfFloat {
  readonly kind: 'float';
  readonly name: string;
  readonly size: number;
}

/** `btf_decl_tag` on a declaration (kernel 5.16). */
export interface BtfDeclTag {
  readonly kind: 'decl_tag';
  /** The text of the tag. */
  readonly name: string;
  readonly type: number;
  /** Which member or parameter is tagged; -1 for the declaration itself. */
  readonly component: number;
  /** True when the text is an `__attribute__` instead of a tag (kernel 6.15). */
  readonly attribute: boolean;
}

/** `btf_type_tag` on a pointed-to type (kernel 5.17). */
export interface BtfTypeTag {
  readonly kind: 'type_tag';
  /** The text of the tag. */
  readonly name: string;
  readonly type: number;
  /** True when the text is an `__attribute__` instead of a tag (kernel 6.15). */
  readonly attribute: boolean;
}

/** A kind newer than this parser, skipped by means of the BTF's own layout section (kernel 7.1). */
export interface BtfUnknown {
  readonly kind: 'unknown';
  /** The `BTF_KIND_*` number. */
  readonly number: number;
}

/** One BTF type, told apart by `kind`; every `type`, `element`, `index` and `returns` is a type id. */
export type BtfType =
  | BtfVoid
  | BtfInt
  | BtfReference
  | BtfArray
  | BtfComposite
  | BtfEnum
  | BtfEnum64
  | BtfForward
  | BtfTypedef
  | BtfFunc
  | BtfFuncProto
  | BtfVar
  | BtfDatasec
  | BtfFloat
  | BtfDeclTag
  | BtfTypeTag
  | BtfUnknown;
