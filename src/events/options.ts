import { BpfError } from '../errors.js';
import { KeyedMap, RecordMap } from '../object/index.js';

/** Ends an iteration or a subscription early. */
export interface IterationOptions {
  /** Aborting ends the iteration: it throws the signal's reason. */
  signal?: AbortSignal;
}

export function assertSignal(signal: unknown): asserts signal is AbortSignal | undefined {
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw badOption('signal', 'an AbortSignal');
}

/** Which kind of record map it is, the kernel knows. */
export function assertRecordMap(map: unknown): void {
  if (!(map instanceof RecordMap)) throw badOption('map', 'a RecordMap');
}

export function assertCounts(map: unknown): void {
  if (map !== undefined && !(map instanceof KeyedMap)) throw badOption('dropped', 'a BpfArray');
}

export function assertBoolean(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw badOption(name, 'true or false');
}

export function assertFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw badOption(name, 'a function');
}

export function assertInteger(name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return;
  throw badOption(name, `an integer from ${least} to ${most}`);
}

export function badOption(name: string, wanted: string, hint?: string): BpfError {
  return new BpfError(`${name} must be ${wanted}`, { code: 'ERR_BPF_ARGUMENT', reason: 'input', hint });
}
