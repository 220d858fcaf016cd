import { BpfError } from '../../errors.js';
import type { Policy } from '../model/index.js';
import { definePolicy, type PolicyInput, writtenPolicy } from '../schema/index.js';
import { SOURCE_BYTES, type SourcePiece } from './layout.js';

/** Policies as they are kept beside what they were compiled to. */
export function sourcePieces(policies: readonly Policy[]): [number, SourcePiece][] {
  const written = new TextEncoder().encode(JSON.stringify(policies.map(writtenPolicy)));
  return Array.from({ length: Math.ceil(written.length / SOURCE_BYTES) }, (_, index) => {
    const piece = written.subarray(index * SOURCE_BYTES, (index + 1) * SOURCE_BYTES);
    const text = new Uint8Array(SOURCE_BYTES);
    text.set(piece);
    return [index, { bytes: piece.length, text }];
  });
}

/**
 * The policies again, checked like any others.
 *
 * @throws BpfError `ERR_BPF_STATE` when they are not those that were written
 */
export function policiesFrom(pieces: Iterable<[number, SourcePiece]>): Policy[] {
  const ordered = [...pieces].sort(([a], [b]) => a - b).map(([, { bytes, text }]) => text.subarray(0, bytes));
  if (ordered.length === 0) return [];
  try {
    const written = JSON.parse(Buffer.concat(ordered).toString('utf8')) as PolicyInput[];
    return written.map((policy) => definePolicy(policy));
  } catch (cause) {
    throw new BpfError('the policies in force cannot be read back: somebody has changed what was written', {
      code: 'ERR_BPF_STATE',
      reason: 'input',
      map: 'sources',
      hint: 'apply all policies anew, without keeping those',
      cause,
    });
  }
}
