import type { DecodeRules } from './decode-rules.js';

/** What an encoder is fixed to when it is made; what it decodes again to compare, it decodes by the same rules. */
export interface EncodeRules extends DecodeRules {
  /** Whether fields may be missing, and are then zero. */
  readonly partial: boolean;
}

/** Memory to encode into, zeroed beforehand; both members span all of it. */
export interface Target {
  readonly view: DataView;
  readonly bytes: Uint8Array;
}

/** Checks a value and stores it at a byte offset; `indices` tell which array elements it lies in. */
export type Writer = (target: Target, at: number, value: unknown, indices: number[]) => void;
