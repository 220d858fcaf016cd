import { BpfError } from '../errors.js';

/**
 * The error for BTF that cannot be read, or for a type nothing can be done with: code `ERR_BPF_BTF`.
 *
 * @param message - what is wrong and where
 */
export function btfError(message: string): BpfError {
  return new BpfError(message, { code: 'ERR_BPF_BTF', reason: 'input' });
}

/**
 * The error for bytes that break the BTF format: code `ERR_BPF_BTF`.
 *
 * @param what - the rule broken and where, without the words "malformed BTF"
 */
export function malformed(what: string): BpfError {
  return btfError(`malformed BTF: ${what}`);
}
