import { decodeInstructions, type Instruction } from './instruction-list.js';
import { ANYTHING, type Range, resultOf } from './range-arithmetic.js';

type Registers = readonly Range[];

// Four bits name a register; there are eleven.
const UNKNOWN: Registers = Array.from({ length: 16 }, () => ANYTHING);

const MOVE = 0xb7; // r1 = -1
const MOVE_32 = 0xb4; // w1 = -1, which leaves the upper half of r1 empty
const COPY = 0xbf; // r1 = r2
const LOAD_DOUBLE = 0x18; // takes two instructions
const CALL = 0x85;
const EXIT = 0x95;
const JUMP = 0x05;
const LONG_JUMP = 0x06;
const JUMP_ANYWHERE = 0x0d; // goto r1, through a table
const JUMP_CLASS = 0x05; // in 64 bits
const JUMP_32_CLASS = 0x06;
const STORE_CLASS = 0x03; // atomic operations, which may fetch, among them
/** Classes of instructions that write to their first register: loads from memory, and arithmetic. */
const WRITES = new Set([0x00, 0x01, 0x04, 0x07]);

/** So often an instruction is looked at with wider ranges, before they are taken for any number: loops count. */
const PATIENCE = 32;

/**
 * What the calls of a helper may get as their first argument, call by call: only what constants, and arithmetic and
 * comparisons with constants, say of it is found out; the rest may be any number. Calls that cannot be reached count as well.
 *
 * @param call - what stands for the helper in call instructions: its number, or in a verified program its distance
 */
export function firstArguments(bytes: Uint8Array, call: number): Range[] {
  const program = decodeInstructions(bytes);
  // Where a table of jumps leads, the instructions do not show.
  const states = program.some(({ opcode }) => opcode === JUMP_ANYWHERE) ? [] : reach(program);
  return program.flatMap(({ opcode, from, value }, at) => {
    if (opcode !== CALL || from !== 0 || value !== call || isSecondHalf(program, at)) return [];
    return [states[at]?.[1] ?? ANYTHING];
  });
}

/** Whether a program may go on in another one (BPF_FUNC_tail_call). */
export function callsAway(bytes: Uint8Array): boolean {
  return decodeInstructions(bytes).some(
    ({ opcode, from, value }) => opcode === CALL && from === 0 && value === 12,
  );
}

/** What is in the registers before each instruction, on all ways to it. */
function reach(program: readonly Instruction[]): (Registers | undefined)[] {
  const states: (Registers | undefined)[] = new Array(program.length).fill(undefined);
  const visits = new Array<number>(program.length).fill(0);
  for (let start = 0; start < program.length; start++) {
    // What no way leads to is another function, called with anything, or the second half of an instruction.
    if (states[start] !== undefined || isSecondHalf(program, start)) continue;
    const open: [at: number, registers: Registers][] = [[start, UNKNOWN]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [at, registers] = next;
      const instruction = program[at];
      const known = states[at];
      if (instruction === undefined) continue;
      const joined = known ? join(known, registers, (visits[at] ?? 0) > PATIENCE) : registers;
      if (known && same(known, joined)) continue;
      states[at] = joined;
      visits[at] = (visits[at] ?? 0) + 1;
      open.push(...successors(instruction, at, joined));
    }
  }
  return states;
}

function successors(
  instruction: Instruction,
  at: number,
  registers: Registers,
): [at: number, registers: Registers][] {
  const { opcode, offset, value } = instruction;
  if (opcode === EXIT) return [];
  if (opcode === JUMP) return [[at + 1 + offset, registers]];
  if (opcode === LONG_JUMP) return [[at + 1 + value, registers]];
  const kind = opcode & 0x07;
  if (opcode !== CALL && (kind === JUMP_CLASS || kind === JUMP_32_CLASS)) {
    return branches(instruction, at, registers);
  }
  return [[opcode === LOAD_DOUBLE ? at + 2 : at + 1, after(instruction, registers)]];
}

function after(instruction: Instruction, registers: Registers): Registers {
  const { opcode, to, from, offset, value } = instruction;
  if (opcode === MOVE) return registers.with(to, { low: value, high: value });
  if (opcode === MOVE_32) return registers.with(to, { low: value >>> 0, high: value >>> 0 });
  if (opcode === COPY && offset === 0) return registers.with(to, registers[from] ?? ANYTHING);
  // A call leaves R6 to R9 as they are.
  if (opcode === CALL) return registers.map((range, register) => (register < 6 ? ANYTHING : range));
  const kind = opcode & 0x07;
  if (kind === STORE_CLASS) return registers.with(to, ANYTHING).with(from, ANYTHING).with(0, ANYTHING);
  return WRITES.has(kind) ? registers.with(to, computed(instruction, registers)) : registers;
}

/** The verifier takes out comparisons of what it knows; so what is computed has to be followed. */
function computed(instruction: Instruction, registers: Registers): Range {
  const { to, from } = instruction;
  return resultOf(instruction, registers[to] ?? ANYTHING, registers[from] ?? ANYTHING);
}

/** Both ways of a conditional jump, with what is known on each; without those that cannot be taken. */
function branches(
  { opcode, to, offset, value }: Instruction,
  at: number,
  registers: Registers,
): [at: number, registers: Registers][] {
  const range = registers[to] ?? ANYTHING;
  const withConstant = (opcode & 0x0f) === JUMP_CLASS;
  const [taken, other] = withConstant ? split(opcode & 0xf0, range, value) : [range, range];
  const ways: [number, Range][] = [
    [at + 1 + offset, taken],
    [at + 1, other],
  ];
  return ways
    .filter(([, { low, high }]) => low <= high)
    .map(([way, known]) => [way, registers.with(to, known)]);
}

/** What a register holds when a comparison with a constant is true, and when it is false; signed ones only. */
function split(comparison: number, { low, high }: Range, value: number): [taken: Range, other: Range] {
  const above = (least: number): Range => ({ low: Math.max(low, least), high });
  const upTo = (most: number): Range => ({ low, high: Math.min(high, most) });
  const equal = { low: Math.max(low, value), high: Math.min(high, value) };
  const different = { low: low === value ? low + 1 : low, high: high === value ? high - 1 : high };
  switch (comparison) {
    case 0x10:
      return [equal, different];
    case 0x50:
      return [different, equal];
    case 0x60:
      return [above(value + 1), upTo(value)];
    case 0x70:
      return [above(value), upTo(value - 1)];
    case 0xc0:
      return [upTo(value - 1), above(value)];
    case 0xd0:
      return [upTo(value), above(value + 1)];
    default:
      return [
        { low, high },
        { low, high },
      ];
  }
}

function join(known: Registers, more: Registers, widen: boolean): Registers {
  return known.map((range, register) => {
    const { low, high } = more[register] ?? ANYTHING;
    if (low >= range.low && high <= range.high) return range;
    return widen ? ANYTHING : { low: Math.min(low, range.low), high: Math.max(high, range.high) };
  });
}

function same(known: Registers, joined: Registers): boolean {
  return known.every(({ low, high }, register) => {
    const other = joined[register] ?? ANYTHING;
    return low === other.low && high === other.high;
  });
}

function isSecondHalf(program: readonly Instruction[], at: number): boolean {
  return program[at - 1]?.opcode === LOAD_DOUBLE;
}
