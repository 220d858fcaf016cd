import { malformed } from './btf-error.js';
import type { BtfHeader, Section } from './header.js';
import { KIND_SHAPES, type KindShape } from './kind.js';

/** Bytes of the `struct btf_type` every type begins with. */
export const TYPE_BYTES = 12;

/** The kind number in `btf_type.info`: seven bits since kernel 7.2, five before with the other two zero. */
export function kindIn(info: number): number {
  return (info >>> 24) & 0x7f;
}

/** The element count in `btf_type.info`: 24 bits since kernel 7.2, 16 before with the other eight zero. */
export function countIn(info: number): number {
  return info & 0xffffff;
}

/**
 * Finds where each type begins, in one pass over the type section.
 *
 * @returns byte offsets from the beginning of the BTF, one for each type in order
 * @throws BpfError `ERR_BPF_BTF` for a kind of unknown size or a type that runs past the section
 */
export function indexTypes(view: DataView, header: BtfHeader, firstId: number): Uint32Array {
  const { littleEndian, types } = header;
  const shapes = kindShapes(view, header.layout);
  const end = types.start + types.length;
  const offsets = new Uint32Array(Math.floor(types.length / TYPE_BYTES));
  let count = 0;
  let at = types.start;
  while (at < end) {
    if (at + TYPE_BYTES > end) {
      throw malformed(`type [${firstId + count}] at offset ${at} is cut off by the end of the type section`);
    }
    const info = view.getUint32(at + 4, littleEndian);
    const shape = shapes[kindIn(info)];
    if (!shape || shape.name === 'void') {
      throw malformed(`type [${firstId + count}] at offset ${at} has the unknown kind ${kindIn(info)}`);
    }
    offsets[count++] = at;
    at += TYPE_BYTES + shape.fixed + shape.repeated * countIn(info);
  }
  if (at !== end) {
    throw malformed(`type [${firstId + count - 1}] runs ${at - end} bytes past the type section`);
  }
  return offsets.slice(0, count);
}

/** The layout section (kernel 7.1) gives the sizes of kinds newer than this parser; the known ones keep ours. */
function kindShapes(view: DataView, layout: Section): readonly KindShape[] {
  const entryBytes = 4;
  const shapes = [...KIND_SHAPES];
  const described = Math.min(Math.floor(layout.length / entryBytes), 128);
  for (let kind = shapes.length; kind < described; kind++) {
    const at = layout.start + kind * entryBytes;
    shapes[kind] = { name: 'unknown', fixed: view.getUint8(at), repeated: view.getUint8(at + 1) };
  }
  return shapes;
}
