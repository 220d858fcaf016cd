import { BpfError } from '../errors.js';

/**
 * The error for a value of the wrong JavaScript type, or with fields missing or unknown: code `ERR_BPF_VALUE_TYPE`.
 *
 * @param where - the path of the value, such as `event.addr.port`
 * @param message - what is wrong with it
 */
export function wrongType(where: string, message: string): BpfError {
  return new BpfError(`${where}: ${message}`, { code: 'ERR_BPF_VALUE_TYPE', reason: 'input' });
}

/**
 * The error for a value of the right type that does not fit: code `ERR_BPF_VALUE_RANGE`.
 *
 * @param where - the path of the value
 * @param message - what is wrong with it
 */
export function outOfRange(where: string, message: string): BpfError {
  return new BpfError(`${where}: ${message}`, { code: 'ERR_BPF_VALUE_RANGE', reason: 'input' });
}
