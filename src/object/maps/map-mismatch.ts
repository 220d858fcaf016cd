import { BpfError, type BpfErrorFields } from '../../errors.js';
import { flagNames, permanentFlags } from './map-flags.js';

/** What two maps must have in common for one to stand for the other. */
export interface Comparable {
  type: string;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
}

/** Every way in which a map differs from what is declared: `max entries 10, not 16`. */
export function differences(declared: Comparable, found: Comparable): string[] {
  const list: string[] = [];
  const compare = (what: string, wanted: unknown, is: unknown) => {
    if (wanted !== is) list.push(`${what} ${is}, not ${wanted}`);
  };
  compare('type', declared.type, found.type);
  compare('key size', declared.keySize, found.keySize);
  compare('value size', declared.valueSize, found.valueSize);
  compare('max entries', declared.maxEntries, found.maxEntries);
  if (permanentFlags(declared.flags) !== permanentFlags(found.flags)) {
    compare('flags', flagText(declared.flags), flagText(found.flags));
  }
  return list;
}

export function mismatch(what: string, list: readonly string[], fields: Partial<BpfErrorFields>): BpfError {
  return new BpfError(`${what}: it has ${list.join('; ')}`, {
    code: 'ERR_BPF_MAP_MISMATCH',
    reason: 'input',
    ...fields,
  });
}

function flagText(flags: number): string {
  const names: string[] = flagNames(flags);
  if (flags & (1 << 2)) names.push('numa_node');
  return names.length > 0 ? names.join('|') : 'none';
}
