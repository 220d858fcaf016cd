import { type BpfError, type BpfErrorFields, rephrase } from '../../errors.js';
import type { AnyMap } from './any-map.js';

type Explanation = Pick<BpfErrorFields, 'reason' | 'hint'>;

/** Adds to the failure of a map operation why it is, in the terms of the map. */
export function explainElementFailure(map: AnyMap, error: BpfError): BpfError {
  const explanation = error.errno === undefined || error.hint ? undefined : explanationOf(map, error);
  return explanation ? rephrase(error, error.message, explanation) : error;
}

function explanationOf(map: AnyMap, { code, syscall = '' }: BpfError): Explanation | undefined {
  switch (code) {
    case 'E2BIG':
      return { reason: 'input', hint: tooBig(map) };
    case 'EPERM':
    case 'EACCES':
      return notPermitted(map);
    case 'ENOTSUPP':
    case 'EOPNOTSUPP':
      return syscall.startsWith('bpf(')
        ? { reason: 'kernel', hint: `this kernel cannot do that with a map of type ${map.type}` }
        : undefined;
    case 'ENOMEM':
      return {
        hint: 'the kernel has no memory for another element, or the memory cgroup of the map is full',
      };
    default:
      return undefined;
  }
}

function tooBig({ type, maxEntries }: AnyMap): string {
  const room = `max_entries is ${maxEntries}`;
  return type.includes('array') ? `the index is too large: ${room}` : `the map is full: ${room}`;
}

function notPermitted(map: AnyMap): Explanation {
  if (map.access !== 'read-write') {
    const only = map.access === 'read' ? 'reading' : 'writing';
    return { reason: 'input', hint: `this handle was opened for ${only} only` };
  }
  if (!map.closed && map.frozen)
    return { reason: 'input', hint: 'the map is frozen: only programs can change it' };
  return { reason: 'permission' };
}
