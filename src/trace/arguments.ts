import { type Btf, type Codec, codecFor } from '../btf/index.js';
import { BpfError } from '../errors.js';
import { type ContextWord, contextWords } from '../object/index.js';
import { pointee, pointsToUser } from './kernel-member.js';
import type { Part, Plan } from './plan.js';
import type { TraceRecord } from './record.js';
import { VIEWS } from './views.js';

/** A pointer among a hook's arguments, and what is behind it. */
export interface TracePointer {
  /** What it points to, as C writes it: `struct file`. */
  type: string;
  address: bigint;
  /** What is worth telling of it, by type: the path of a file, the pid of a task; see docs/inspecting.md. */
  [field: string]: unknown;
}

/**
 * An argument of a hook: numbers, enumerators by their names, text; for a pointer to something else what is behind
 * it, or null for NULL. A struct that is an argument itself comes decoded.
 */
export type TraceArgument =
  | null
  | boolean
  | number
  | bigint
  | string
  | TracePointer
  | Record<string, unknown>;

/** Reads one argument from a record. */
export type ArgumentReader = (record: TraceRecord) => TraceArgument;

const TEXT_BYTES = 256;
/** A larger structure is not copied: a ring of megabytes would hold a handful of events. */
const LARGEST_WHOLE = 16 * 1024;

/** Plans what to take of each argument of a hook; gives what reads them, by their names. */
export function planArguments(plan: Plan, functionId: number, full: boolean): Map<string, ArgumentReader> {
  const words = contextWords(functionId);
  return new Map(
    words.map((argument, i) => [
      argument.name || `argument${i}`,
      readerOf(plan, argument, words[i + 1], full),
    ]),
  );
}

function readerOf(
  plan: Plan,
  argument: ContextWord,
  next: ContextWord | undefined,
  full: boolean,
): ArgumentReader {
  const { btf } = plan;
  const target = pointee(btf, argument.type);
  if (target === undefined) return scalarReader(btf, argument);
  if (isText(btf, target) && !pointsToUser(btf, argument.type)) return textReader(plan, argument);
  return pointerReader(plan, argument, { target, next, full });
}

/** A number, or a struct of up to two words. */
function scalarReader(btf: Btf, { type, word }: ContextWord): ArgumentReader {
  const codec = codecFor(btf, type, { u64: 'auto' }) as Codec<TraceArgument>;
  const scratch = new Uint8Array(Math.max(8, Math.ceil(codec.size / 8) * 8));
  const view = new DataView(scratch.buffer);
  return ({ head }) => {
    for (let i = 0; i * 8 < scratch.length; i++) view.setBigUint64(i * 8, head.words[word + i] ?? 0n, true);
    return codec.decode(scratch);
  };
}

function isText(btf: Btf, id: number): boolean {
  return btf.kindOf(id) === 'int' && btf.bareNameOf(id) === 'char';
}

function textReader(plan: Plan, { word }: ContextWord): ArgumentReader {
  const text = plan.string(word, TEXT_BYTES);
  return (record) => {
    const address = record.head.words[word] ?? 0n;
    if (address === 0n) return null;
    return text?.(record) ?? { type: 'char', address };
  };
}

function pointerReader(
  plan: Plan,
  { type, word, toStruct }: ContextWord,
  { target, next, full }: { target: number; next: ContextWord | undefined; full: boolean },
): ArgumentReader {
  const { btf } = plan;
  const name = btf.nameOf(target);
  const readable = toStruct && !pointsToUser(btf, type);
  const view = readable ? VIEWS[btf.bareNameOf(target)] : undefined;
  const fields = view?.(plan, word, lengthIn(btf, next));
  const whole = readable && full ? wholeOf(plan, word, target) : undefined;
  return (record) => {
    const address = record.head.words[word] ?? 0n;
    if (address === 0n) return null;
    const all = whole?.(record);
    return { type: name, address, ...fields?.(record), ...(all !== undefined && { full: all }) };
  };
}

function wholeOf(plan: Plan, word: number, target: number): Part | undefined {
  try {
    return plan.btf.sizeOf(target) <= LARGEST_WHOLE ? plan.whole(word, target) : undefined;
  } catch (error) {
    // A structure that is declared and not defined, or too large for a codec.
    if (error instanceof BpfError && error.code === 'ERR_BPF_BTF') return undefined;
    throw error;
  }
}

/** The argument behind an address that says how long it is. */
function lengthIn(btf: Btf, next: ContextWord | undefined): Part<number> | undefined {
  if (!next || !/len/.test(next.name) || btf.kindOf(btf.resolve(next.type)) !== 'int') return undefined;
  return ({ head }) => Number(BigInt.asUintN(32, head.words[next.word] ?? 0n));
}
