import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import { BpfError } from '../errors.js';
import { type Alternative, isGiven } from './accept-record.js';
import { closureDecoder } from './decoder-closure.js';
import { describeNames } from './describe.js';
import type { EncodeRules, Target, Writer } from './encode-rules.js';
import { namedMembers } from './layout.js';
import { getOwn, setOwn } from './own-property.js';
import type { Place } from './place.js';
import { makeTarget } from './scratch-encoder.js';
import { wrongType } from './value-error.js';

/** One member of a union that can be written and read back. */
interface Member extends Alternative {
  readonly write: Writer;
  /** Gives an object with the member's names. */
  readonly read: (from: Target) => object;
}

/**
 * The writer for objects that give several members of a union, as those do that were decoded: stores bytes that decode
 * to all the members given.
 *
 * Comparing the bytes that each member encodes to would not do: decoding keeps less than the bytes held (text ends at
 * the first NUL, a double does not keep the bits of a NaN), so of what was read from memory the members may encode
 * differently although they agree.
 *
 * @param size - the union's, in bytes
 * @param writers - of the alternatives, in their order
 * @throws BpfError (from the writer) `ERR_BPF_VALUE_TYPE` when there are no such bytes; what encoding a member throws
 * when none of them can be encoded
 */
export function agreeingWriter(
  alternatives: readonly Alternative[],
  writers: readonly Writer[],
  size: number,
  place: Place,
  rules: EncodeRules,
): Writer {
  const members = alternatives.map((alternative, i): Member => {
    const write = writers[i] ?? (() => undefined);
    return { ...alternative, write, read: memberReader(alternative, rules) };
  });
  return (target, at, value, indices) => {
    const given = members.filter(({ names }) => isGiven(value as object, names));
    const encoded = given.map((member) => attempt(member, size, value, indices));
    const agreed = candidates(encoded, size).find((candidate) =>
      given.every((member, i) => agrees(member, encoded[i], candidate, value as object, indices)),
    );
    if (!agreed) {
      const names = given.map((member) => member.names[0] ?? '');
      throw wrongType(
        place.text(indices),
        `a union takes one member, or several that mean the same bytes: ${describeNames(names)} do not`,
      );
    }
    addBits(target.bytes, at, agreed.bytes);
  };
}

function memberReader({ member, names }: Alternative, rules: EncodeRules): (from: Target) => object {
  const parts = member.name === undefined ? namedMembers(member.layout, member.offset) : [member];
  const readers = parts.map(({ layout, offset }) => ({ offset, read: closureDecoder(layout, rules) }));
  return ({ view, bytes }) => {
    const memory = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const fields: Record<string, unknown> = {};
    for (const [i, { offset, read }] of readers.entries()) {
      setOwn(fields, names[i] ?? '', read(view, memory, offset));
    }
    return fields;
  };
}

/** What one member alone encodes to, or why it does not: text read from memory without a NUL, for one, cannot be. */
function attempt(member: Member, size: number, value: unknown, indices: number[]): Target | BpfError {
  const target = makeTarget(size);
  try {
    member.write(target, 0, value, indices);
    return target;
  } catch (error) {
    if (error instanceof BpfError) {
      return error;
    }
    throw error;
  }
}

/** All the members' bits together, for each may have padding where another has none; then those of each alone. */
function candidates(encoded: readonly (Target | BpfError)[], size: number): Target[] {
  const targets = encoded.filter((one): one is Target => !(one instanceof BpfError));
  const [failure] = encoded;
  if (targets.length === 0 && failure instanceof BpfError) {
    throw failure;
  }
  const all = makeTarget(size);
  for (const { bytes } of targets) {
    addBits(all.bytes, 0, bytes);
  }
  return [all, ...targets];
}

/** As writing a bitfield does: what lies beside the bits stays. */
function addBits(into: Uint8Array, at: number, bytes: Uint8Array): void {
  for (const [i, byte] of bytes.entries()) {
    into[at + i] = (into[at + i] ?? 0) | byte;
  }
}

/** Whether bytes decode to what was given of a member, or to what encodes to the same. */
function agrees(
  member: Member,
  encoded: Target | BpfError | undefined,
  candidate: Target,
  value: object,
  indices: number[],
): boolean {
  const decoded = member.read(candidate);
  if (Object.entries(decoded).every(([name, field]) => isDeepStrictEqual(field, getOwn(value, name)))) {
    return true;
  }
  if (encoded === undefined || encoded instanceof BpfError) {
    return false;
  }
  const again = attempt(member, encoded.bytes.length, decoded, indices);
  return !(again instanceof BpfError) && Buffer.compare(again.bytes, encoded.bytes) === 0;
}
