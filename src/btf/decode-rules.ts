import type { Buffer } from 'node:buffer';

/**
 * How 64-bit integers become JavaScript values.
 *
 * - `bigint`: always exact, always a bigint.
 * - `number`: always a number; above 2^53 the nearest one.
 * - `auto`: a number when it is a safe integer, else a bigint.
 */
export type U64 = 'bigint' | 'number' | 'auto';

/** What a decoder is fixed to when it is made. */
export interface DecodeRules {
  readonly littleEndian: boolean;
  readonly u64: U64;
}

/**
 * Reads one value at a byte offset into the memory that `view` and `bytes` both span.
 */
export type Reader = (view: DataView, bytes: Buffer, at: number) => unknown;
