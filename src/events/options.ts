import { BpfError } from '../errors.js';
import { AnyMap, KeyedMap, RecordMap } from '../object/index.js';

/** Ends an iteration or a subscription early. */
export interface IterationOptions {
  /** Aborting ends the iteration: it throws the signal's reason. */
  signal?: AbortSignal;
}

export function assertSignal(signal: unknown): asserts signal is AbortSignal | undefined {
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw badOption('signal', 'an AbortSignal');
}

/** @param wanted - the map that it must be, for messages: the kernel knows which kind of record map it is */
export function assertRecordMap(map: unknown, wanted: string): void {
  if (map instanceof RecordMap) return;
  if (!(map instanceof AnyMap)) throw badOption('map', 'a RecordMap');
  throw new BpfError(`map "${map.name}" of type ${map.type} is no ${wanted}`, {
    code: 'ERR_BPF_WRONG_KIND',
    reason: 'input',
    map: map.name,
  });
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
