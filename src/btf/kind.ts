/** The name of a BTF kind, spelled as libbpf and bpftool spell it; 'void' is the implicit type 0. */
export type BtfKind =
  | 'void'
  | 'int'
  | 'ptr'
  | 'array'
  | 'struct'
  | 'union'
  | 'enum'
  | 'fwd'
  | 'typedef'
  | 'volatile'
  | 'const'
  | 'restrict'
  | 'func'
  | 'func_proto'
  | 'var'
  | 'datasec'
  | 'float'
  | 'decl_tag'
  | 'type_tag'
  | 'enum64'
  | 'unknown';

/** How many bytes follow a `struct btf_type` of one kind: a fixed part and a part repeated `vlen` times. */
export interface KindShape {
  /** The kind's name. */
  readonly name: BtfKind;
  /** Bytes of the fixed part. */
  readonly fixed: number;
  /** Bytes of each of the `vlen` repeated parts. */
  readonly repeated: number;
}

/**
 * The kinds this parser knows, indexed by `BTF_KIND_*` from `linux/btf.h`.
 *
 * The first kernel that accepts each: 4.18 up to func_proto except func (5.0), var and datasec 5.2, float 5.13,
 * decl_tag 5.16, type_tag 5.17, enum64 6.0.
 */
export const KIND_SHAPES: readonly KindShape[] = [
  { name: 'void', fixed: 0, repeated: 0 },
  { name: 'int', fixed: 4, repeated: 0 },
  { name: 'ptr', fixed: 0, repeated: 0 },
  { name: 'array', fixed: 12, repeated: 0 },
  { name: 'struct', fixed: 0, repeated: 12 },
  { name: 'union', fixed: 0, repeated: 12 },
  { name: 'enum', fixed: 0, repeated: 8 },
  { name: 'fwd', fixed: 0, repeated: 0 },
  { name: 'typedef', fixed: 0, repeated: 0 },
  { name: 'volatile', fixed: 0, repeated: 0 },
  { name: 'const', fixed: 0, repeated: 0 },
  { name: 'restrict', fixed: 0, repeated: 0 },
  { name: 'func', fixed: 0, repeated: 0 },
  { name: 'func_proto', fixed: 0, repeated: 8 },
  { name: 'var', fixed: 4, repeated: 0 },
  { name: 'datasec', fixed: 0, repeated: 12 },
  { name: 'float', fixed: 0, repeated: 0 },
  { name: 'decl_tag', fixed: 4, repeated: 0 },
  { name: 'type_tag', fixed: 0, repeated: 0 },
  { name: 'enum64', fixed: 0, repeated: 12 },
];

const MODIFIERS: ReadonlySet<BtfKind> = new Set(['typedef', 'volatile', 'const', 'restrict', 'type_tag']);

/** Whether a kind only names or qualifies the type it refers to: typedef, const, volatile, restrict, type_tag. */
export function isModifier(kind: BtfKind): boolean {
  return MODIFIERS.has(kind);
}
