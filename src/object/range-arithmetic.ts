import type { Instruction } from './instruction-list.js';

/** The numbers that a register may hold, both ends included. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export const ANYTHING: Range = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

const ARITHMETIC_32 = 0x04;
const ARITHMETIC = 0x07;
/** The second operand is in a register, not in the instruction. */
const BY_REGISTER = 0x08;
const NEGATE = 0x80;

type Operation = (a: bigint, b: bigint, bits: bigint) => bigint;

// By the upper half of the opcode; of the others nothing is known.
const OPERATIONS: Readonly<Record<number, Operation>> = {
  0: (a, b) => a + b,
  16: (a, b) => a - b,
  32: (a, b) => a * b,
  64: (a, b) => a | b,
  80: (a, b) => a & b,
  96: (a, b, bits) => a << (b & (bits - 1n)),
  112: (a, b, bits) => BigInt.asUintN(Number(bits), a) >> (b & (bits - 1n)),
  [NEGATE]: (a) => -a,
  160: (a, b) => a ^ b,
  192: (a, b, bits) => BigInt.asIntN(Number(bits), a) >> (b & (bits - 1n)),
};

// Those that keep the order of numbers, or turn it round, as long as nothing overflows: sums, differences, shifts to the
// left, negation, shifts to the right that keep the sign.
const MONOTONE: ReadonlySet<number> = new Set([0x00, 0x10, 0x60, NEGATE, 0xc0]);

/**
 * What an arithmetic instruction makes of what is in its registers.
 *
 * @param operand - of the register that it changes
 * @param other - of the register that it names besides, where it names one
 */
export function resultOf(instruction: Instruction, operand: Range, other: Range): Range {
  const { opcode, offset, value } = instruction;
  const kind = opcode & 0x07;
  const operation = OPERATIONS[opcode & 0xf0];
  // Signed division and its like are told from the others by the offset.
  if (!operation || offset !== 0 || (kind !== ARITHMETIC && kind !== ARITHMETIC_32)) return ANYTHING;
  const isBinary = (opcode & 0xf0) !== NEGATE;
  const second = isBinary && (opcode & BY_REGISTER) !== 0 ? other : { low: value, high: value };
  if (![operand.low, operand.high, second.low].every(Number.isSafeInteger) || second.low !== second.high) {
    return ANYTHING;
  }
  const b = BigInt(second.low);
  if (operand.low === operand.high) return exactly(operation, kind, BigInt(operand.low), b);
  return kind === ARITHMETIC && MONOTONE.has(opcode & 0xf0) ? between(operation, operand, b) : ANYTHING;
}

/** Of one number, overflow included. */
function exactly(operation: Operation, kind: number, a: bigint, b: bigint): Range {
  const result =
    kind === ARITHMETIC
      ? BigInt.asIntN(64, operation(a, b, 64n))
      : // The upper half of the register is empty after it.
        BigInt.asUintN(32, operation(BigInt.asUintN(32, a), BigInt.asUintN(32, b), 32n));
  return rangeOf([result]);
}

function between(operation: Operation, { low, high }: Range, b: bigint): Range {
  return rangeOf([operation(BigInt(low), b, 64n), operation(BigInt(high), b, 64n)]);
}

/** Numbers that JavaScript holds exactly; so none has overflowed 64 bits. */
function rangeOf(ends: readonly bigint[]): Range {
  const numbers = ends.map(Number);
  if (!numbers.every(Number.isSafeInteger)) return ANYTHING;
  return { low: Math.min(...numbers), high: Math.max(...numbers) };
}
