import { endianness } from 'node:os';

const littleEndian = endianness() === 'LE';

/** include/uapi/linux/bpf.h struct bpf_insn, and what of it matters here. */
export interface Instruction {
  opcode: number;
  to: number;
  from: number;
  offset: number;
  value: number;
}

/** Reads `struct bpf_insn` after `struct bpf_insn`. */
export function decodeInstructions(bytes: Uint8Array): Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / 8) }, (_, index) => {
    const registers = view.getUint8(index * 8 + 1);
    const [low, high] = [registers & 15, registers >> 4];
    return {
      opcode: view.getUint8(index * 8),
      to: littleEndian ? low : high,
      from: littleEndian ? high : low,
      offset: view.getInt16(index * 8 + 2, littleEndian),
      value: view.getInt32(index * 8 + 4, littleEndian),
    };
  });
}
