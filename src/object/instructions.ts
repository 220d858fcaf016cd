import { endianness } from 'node:os';

/** `return value;` @internal */
export function returning(value: number): Uint8Array[] {
  return [instruction({ opcode: 0xb7, value }), instruction({ opcode: 0x95 })];
}

/** `struct bpf_insn` of linux/bpf.h: its registers share a byte, the first in the half that comes first. @internal */
export function instruction({ opcode = 0, to = 0, from = 0, offset = 0, value = 0 }): Uint8Array {
  const little = endianness() === 'LE';
  const view = new DataView(new ArrayBuffer(8));
  view.setUint8(0, opcode);
  view.setUint8(1, little ? (from << 4) | to : (to << 4) | from);
  view.setInt16(2, offset, little);
  view.setInt32(4, value, little);
  return new Uint8Array(view.buffer);
}
