declare const alternatives: unique symbol;

/**
 * What decoding a C union gives: every member, each a reading of the same bytes.
 *
 * `bpf-lsm types` writes `Union<{ v4: number } | { v6: Uint8Array }>` for `union { __be32 v4; __u8 v6[16]; }`. The
 * alternatives stay known to the compiler, so that {@link Input} takes one of them alone.
 */
export type Union<Alternatives> = Together<Bare<Alternatives>> & {
  readonly [alternatives]?: Alternatives;
};

/**
 * What may be stored where decoding gives a T: that itself, of a union also one alternative, for a bigint also a number,
 * for bytes also an array of numbers. That numbers fit, and that several members of a union mean the same bytes, is
 * checked when they are stored.
 */
export type Input<T> = T | Accepted<T>;

type Accepted<T> = T extends bigint
  ? bigint | number
  : T extends Uint8Array
    ? Uint8Array | readonly number[]
    : T extends readonly unknown[]
      ? { readonly [Index in keyof T]: Accepted<T[Index]> }
      : T extends object
        ? typeof alternatives extends keyof T
          ? AcceptedUnion<T, NonNullable<T[typeof alternatives]>>
          : { readonly [Name in keyof T]: Accepted<T[Name]> }
        : T;

/** The members outside of the union, and one alternative. */
type AcceptedUnion<T, Alternatives> = {
  readonly [Name in Exclude<keyof T, typeof alternatives | NameIn<Alternatives>>]: Accepted<T[Name]>;
} & Accepted<Alternatives>;

type NameIn<Alternatives> = Alternatives extends unknown ? keyof Alternatives : never;

/** Each alternative without the mark of a union inside of it. */
type Bare<Alternatives> = Alternatives extends unknown
  ? { [Name in keyof Alternatives as Exclude<Name, typeof alternatives>]: Alternatives[Name] }
  : never;

/** All the alternatives at once. */
type Together<Alternatives> = (
  Alternatives extends unknown
    ? (alternative: Alternatives) => void
    : never
) extends (all: infer All) => void
  ? All
  : never;

/**
 * A struct or union as a cursor shows it: every field is read when it is asked for, and structs within are cursors
 * too. Arrays, strings and bytes are fresh copies.
 */
export type Fields<T> = {
  readonly [Name in Exclude<keyof T, typeof alternatives>]: T[Name] extends Plain ? T[Name] : Fields<T[Name]>;
};

type Plain = string | number | bigint | boolean | Uint8Array | readonly unknown[];
