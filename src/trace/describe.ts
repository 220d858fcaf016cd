import { getSystemErrorName } from 'node:util';
import type { TraceArgument } from './arguments.js';
import type { TraceEvent } from './trace.js';

/** One line of text for an event: who called, with what, and what BPF made of it. */
export function describeEvent({ comm, pid, hook, arguments: values, result }: TraceEvent): string {
  const given = Object.entries(values).map(([name, value]) => `${name}=${describeArgument(value)}`);
  return [`${comm}(${pid})`, hook, ...given].join(' ') + describeResult(result);
}

function describeResult(result: number | undefined): string {
  if (result === undefined || result === 0) return '';
  return ` = ${result < 0 ? `-${errnoName(-result)}` : result}`;
}

function errnoName(errno: number): string {
  try {
    const name = getSystemErrorName(-errno);
    return name.startsWith('Unknown') ? String(errno) : name;
  } catch {
    return String(errno);
  }
}

function describeArgument(value: TraceArgument): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  const { type, address, full, ...fields } = value;
  if (Object.keys(fields).length > 0 || full !== undefined) return describeFields(fields, full);
  return typeof address === 'bigint' ? `0x${address.toString(16)}` : describeFields(value, undefined);
}

function describeFields(fields: Record<string, unknown>, full: unknown): string {
  const parts = Object.entries(fields).map(([name, value]) => {
    if (name === 'mode' && typeof value === 'number') return `mode=0${value.toString(8)}`;
    if (ADDRESSES.has(name) && (typeof value === 'number' || typeof value === 'bigint')) {
      return `${name}=0x${value.toString(16)}`;
    }
    return `${name}=${plain(value)}`;
  });
  if (full !== undefined) parts.push(`full=${plain(full)}`);
  return `{${parts.join(' ')}}`;
}

const ADDRESSES: ReadonlySet<string> = new Set(['start', 'end', 'flags']);

function plain(value: unknown): string {
  if (typeof value === 'string') return /[\s"{}=]|^$/.test(value) ? JSON.stringify(value) : value;
  return (
    JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)) ?? String(value)
  );
}
