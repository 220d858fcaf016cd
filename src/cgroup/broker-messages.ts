import { BpfError, type BpfErrorReason } from '../errors.js';

/** What a client asks of a broker. A cgroup comes as a descriptor beside the message. */
export type Request = { id: number; call: 'programs' } | { id: number; call: 'attach'; program: string };

/** What a broker answers. A link comes as a descriptor beside the message. */
export type Answer =
  | { id: number; programs: readonly string[] }
  | { id: number; attached: number }
  | { id: number; error: BrokerFailure };

/** Why a broker ends a connection; nothing comes after it. */
export interface Farewell {
  farewell: BrokerFailure;
}

/** An error, as it travels. */
export interface BrokerFailure {
  message: string;
  code: string;
  reason?: BpfErrorReason;
  hint?: string;
  program?: string;
  hook?: string;
  path?: string;
}

/** The most bytes of a message: MessageSocket::kMostBytes. */
export const MOST_BYTES: number = 16 << 10;

// What travels of a text: the path of a cgroup has as many bytes as its owner likes.
const MOST_TEXT = 500;

const REASONS: readonly BpfErrorReason[] = ['kernel', 'libbpf', 'permission', 'input'];

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeMessage(message: Request | Answer | Farewell): Uint8Array {
  return encoder.encode(JSON.stringify(message));
}

/** Reads what anybody may have sent; undefined for what is no request. */
export function decodeRequest(bytes: Uint8Array): Request | undefined {
  const { id, call, program } = parse(bytes);
  if (!isId(id)) return undefined;
  if (call === 'programs') return { id, call };
  return call === 'attach' && typeof program === 'string' ? { id, call, program } : undefined;
}

/** Reads what a broker sent, which a client trusts no more than it must; undefined for what is neither. */
export function decodeAnswer(bytes: Uint8Array): Answer | Farewell | undefined {
  const { id, programs, attached, error, farewell } = parse(bytes);
  const last = failureIn(farewell);
  if (last) return { farewell: last };
  if (!isId(id)) return undefined;
  if (Array.isArray(programs) && programs.every(isText)) return { id, programs };
  if (isId(attached)) return { id, attached };
  const failure = failureIn(error);
  return failure && { id, error: failure };
}

export function failureOf({ message, code, reason, hint, program, hook, path }: BpfError): BrokerFailure {
  // The message ends with the hint already, which the error made from this adds again.
  const bare = hint && message.endsWith(`; ${hint}`) ? message.slice(0, -`; ${hint}`.length) : message;
  const texts = Object.entries({ hint, program, hook, path }).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, clip(text)]],
  );
  return { message: clip(bare), code, ...(reason && { reason }), ...Object.fromEntries(texts) };
}

export function errorOf({ message, ...fields }: BrokerFailure): BpfError {
  return new BpfError(message, fields);
}

function failureIn(value: unknown): BrokerFailure | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { message, code, reason, hint, program, hook, path } = value as Record<string, unknown>;
  if (!isText(message) || !isText(code)) return undefined;
  const texts = Object.entries({ hint, program, hook, path }).filter(([, text]) => isText(text));
  const known = REASONS.find((each) => each === reason);
  return { message, code, ...(known && { reason: known }), ...Object.fromEntries(texts) };
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function clip(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}...` : text;
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
