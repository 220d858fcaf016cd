import { decodeInstructions, type Instruction } from './instruction-list.js';

const MOVE_CONSTANT = new Set([0xb4, 0xb7]); // w0 = 1, r0 = 1
const EXIT = 0x95;
const CALL = 0x85;
const JUMP = 0x05;
const LOAD_DOUBLE = 0x18; // takes two instructions
const CLASS = 0x07;
const JUMP_CLASSES = new Set([0x05, 0x06]);
/** Classes of instructions that write to their first register: loads from memory, and arithmetic. */
const WRITES = new Set([0x00, 0x01, 0x04, 0x07]);

/**
 * The constants that a program visibly returns: each is put into R0, and from there a path leads to the exit on which
 * nothing else is put there or asked of it. Constants that come about in another way are not found.
 *
 * @param bytes - the program's own instructions, without those of other functions
 */
export function returnedConstants(bytes: Uint8Array): Set<number> {
  const program = decodeInstructions(bytes);
  const found = new Set<number>();
  program.forEach(({ opcode, to, value }, index) => {
    if (
      MOVE_CONSTANT.has(opcode) &&
      to === 0 &&
      !isSecondHalf(program, index) &&
      reachesExit(program, index + 1)
    )
      found.add(value);
  });
  return found;
}

function reachesExit(program: readonly Instruction[], start: number): boolean {
  const seen = new Set<number>();
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const instruction = program[at];
    if (!instruction || seen.has(at)) continue;
    seen.add(at);
    if (instruction.opcode === EXIT) return true;
    open.push(...successors(instruction, at));
  }
  return false;
}

/** Where R0 still holds what it held before an instruction. */
function successors({ opcode, to, from, offset }: Instruction, at: number): number[] {
  if (opcode === LOAD_DOUBLE) return to === 0 ? [] : [at + 2];
  if (opcode === JUMP) return [at + 1 + offset];
  if (opcode === CALL) return [];
  if (JUMP_CLASSES.has(opcode & CLASS)) {
    const asksR0 = to === 0 || ((opcode & 0x08) !== 0 && from === 0);
    return asksR0 ? [] : [at + 1, at + 1 + offset];
  }
  // Atomic operations may fetch into R0: nothing is said of what is behind them.
  if (opcode === 0xdb || opcode === 0xc3) return [];
  return WRITES.has(opcode & CLASS) && to === 0 ? [] : [at + 1];
}

function isSecondHalf(program: readonly Instruction[], index: number): boolean {
  return program[index - 1]?.opcode === LOAD_DOUBLE;
}
