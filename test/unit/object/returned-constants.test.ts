import { endianness } from 'node:os';
import { describe, expect, test } from 'vitest';
import { returnedConstants } from '../../../src/object/returned-constants.js';

interface Instruction {
  opcode: number;
  to?: number;
  from?: number;
  offset?: number;
  value?: number;
}

/** The bytes of instructions, as struct bpf_insn has them. */
function assemble(...instructions: Instruction[]): Uint8Array {
  const little = endianness() === 'LE';
  const view = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(({ opcode, to = 0, from = 0, offset = 0, value = 0 }, index) => {
    view.setUint8(index * 8, opcode);
    view.setUint8(index * 8 + 1, little ? (from << 4) | to : (to << 4) | from);
    view.setInt16(index * 8 + 2, offset, little);
    view.setInt32(index * 8 + 4, value, little);
  });
  return new Uint8Array(view.buffer);
}

const move = (to: number, value: number) => ({ opcode: 0xb7, to, value });
const move32 = (to: number, value: number) => ({ opcode: 0xb4, to, value });
const copy = (to: number, from: number) => ({ opcode: 0xbf, to, from });
const jump = (offset: number) => ({ opcode: 0x05, offset });
const jumpIfEqual = (to: number, value: number, offset: number) => ({ opcode: 0x15, to, value, offset });
const call = (value: number) => ({ opcode: 0x85, value });
const exit = { opcode: 0x95 };

describe('the constants a program visibly returns', () => {
  test.each([
    ['one before the exit', [move(0, 1), exit], [1]],
    ['one in 32 bits, negative', [move32(0, -1), exit], [-1]],
    ['one, with other registers changed meanwhile', [move(0, 1), move(1, 2), copy(6, 1), exit], [1]],
    ['one, a jump away', [move(0, 1), jump(1), move(0, 0), exit], [1, 0]],
    ['either of two', [move(0, 1), jumpIfEqual(1, 0, 1), move(0, 0), exit], [1, 0]],
    ['none that is overwritten', [move(0, 1), move(0, 0), exit], [0]],
    ['none that a call overwrites', [move(0, 1), call(7), exit], []],
    ['none that is changed', [move(0, 1), { opcode: 0x07, to: 0, value: -1 }, exit], []],
    ['none that is loaded over', [move(0, 1), { opcode: 0x79, to: 0, from: 1 }, exit], []],
    ['none that is asked for on the way', [move(0, 1), jumpIfEqual(0, 1, 1), exit, move(0, 0), exit], [0]],
    ['none of another register', [move(6, 1), copy(0, 6), exit], []],
    ['none that is half of a 64-bit constant', [{ opcode: 0x18, to: 0, value: 5 }, { opcode: 0 }, exit], []],
    ['none that leads nowhere', [move(0, 1), jump(-1)], []],
    ['none of an empty program', [], []],
  ])('%s', (_what, instructions, constants) => {
    expect([...returnedConstants(assemble(...instructions))]).toEqual(constants);
  });

  test('of any bytes, without an error', () => {
    for (let seed = 0; seed < 500; seed++) {
      const bytes = Uint8Array.from(
        { length: seed % 97 },
        (_, i) => (seed * 31 + i * 17 + ((i * seed) >> 3)) & 255,
      );
      expect(returnedConstants(bytes)).toBeInstanceOf(Set);
    }
  });
});
