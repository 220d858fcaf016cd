/** An integer of 1, 2, 4, 8 or 16 bytes. */
export interface IntLayout {
  readonly kind: 'int';
  readonly typeName: string;
  readonly size: number;
  readonly signed: boolean;
}

/** A `_Bool` of 1, 2, 4, 8 or 16 bytes; any bit set is true. */
export interface BoolLayout {
  readonly kind: 'bool';
  readonly typeName: string;
  readonly size: number;
}

/** An IEEE 754 number of 4 or 8 bytes. */
export interface FloatLayout {
  readonly kind: 'float';
  readonly typeName: string;
  readonly size: number;
}

/** An address of 4 or 8 bytes. */
export interface PointerLayout {
  readonly kind: 'pointer';
  readonly typeName: string;
  readonly size: number;
}

/** An enum of 1, 2, 4 or 8 bytes. The values are those a field of this size and sign holds. */
export interface EnumLayout {
  readonly kind: 'enum';
  readonly typeName: string;
  readonly size: number;
  readonly signed: boolean;
  readonly enumerators: readonly { readonly name: string; readonly value: bigint }[];
}

/** A bitfield, addressed by the bytes it touches. */
export interface BitfieldLayout {
  readonly kind: 'bitfield';
  readonly typeName: string;
  /** How many bytes it touches: 1 to 9. */
  readonly size: number;
  /** Its width: 1 to 64 bits. */
  readonly bits: number;
  /** How many bits of those bytes, taken as one number in the byte order of the BTF, lie below it. */
  readonly bitsBelow: number;
  /** The type that its bits hold. */
  readonly holds: IntLayout | BoolLayout | EnumLayout;
}

/** An array of `char`: text up to the first NUL. */
export interface StringLayout {
  readonly kind: 'string';
  readonly typeName: string;
  readonly size: number;
}

/** An array of one-byte integers other than `char`, or a number of a format that JavaScript has none for. */
export interface BytesLayout {
  readonly kind: 'bytes';
  readonly typeName: string;
  readonly size: number;
  /** Whether the integers are signed. */
  readonly signed: boolean;
}

/** Any other array. */
export interface ArrayLayout {
  readonly kind: 'array';
  readonly typeName: string;
  readonly size: number;
  readonly count: number;
  /** The layout of each element; absent when there are none. */
  readonly element: Layout | undefined;
}

/** A struct or union, or a data section with its variables. */
export interface RecordLayout {
  readonly kind: 'struct' | 'union';
  readonly typeName: string;
  readonly size: number;
  readonly members: readonly MemberLayout[];
}

/** A member with a name; `offset` in bytes from the start of its struct or union. */
export interface NamedMember {
  readonly name: string;
  readonly offset: number;
  readonly layout: Layout;
}

/** An anonymous struct or union, whose members belong to the parent as in C. */
export interface AnonymousMember {
  readonly name: undefined;
  readonly offset: number;
  readonly layout: RecordLayout;
}

/** One member of a struct or union. */
export type MemberLayout = NamedMember | AnonymousMember;

/** How the bytes of a type are laid out, as plain data; sizes and offsets in bytes. */
export type Layout =
  | IntLayout
  | BoolLayout
  | FloatLayout
  | PointerLayout
  | EnumLayout
  | BitfieldLayout
  | StringLayout
  | BytesLayout
  | ArrayLayout
  | RecordLayout;

/** A layout that is stored as an integer. */
export type IntegerLayout = IntLayout | BoolLayout | PointerLayout | EnumLayout | BitfieldLayout;

/** A layout with no parts. */
export type LeafLayout = Exclude<Layout, ArrayLayout | RecordLayout>;

/**
 * The members a record shows to JavaScript: its own, with those of anonymous members in their place.
 *
 * @param base - added to every offset, in bytes
 */
export function namedMembers(record: RecordLayout, base = 0): NamedMember[] {
  return record.members.flatMap((member) =>
    member.name === undefined
      ? namedMembers(member.layout, base + member.offset)
      : [{ ...member, offset: base + member.offset }],
  );
}
