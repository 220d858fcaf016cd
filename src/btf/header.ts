import { malformed } from './btf-error.js';

/** A stretch of the BTF bytes: `start` and `length` in bytes from the beginning. */
export interface Section {
  readonly start: number;
  readonly length: number;
}

/** What `struct btf_header` says. */
export interface BtfHeader {
  readonly littleEndian: boolean;
  readonly types: Section;
  readonly strings: Section;
  /** Sizes of the kinds the encoder knew (kernel 7.1); empty in older BTF. */
  readonly layout: Section;
}

const MAGIC = 0xeb9f;
const MAGIC_SWAPPED = 0x9feb;
const BASIC_LENGTH = 24;
const LENGTH_WITH_LAYOUT = 32;

/**
 * Reads the header and checks that every section lies inside the bytes.
 *
 * @throws BpfError `ERR_BPF_BTF`
 */
export function readHeader(view: DataView): BtfHeader {
  if (view.byteLength < BASIC_LENGTH) {
    throw malformed(`${view.byteLength} bytes are too few for a header of ${BASIC_LENGTH}`);
  }
  const littleEndian = byteOrder(view.getUint16(0, true));
  const version = view.getUint8(2);
  const flags = view.getUint8(3);
  if (version !== 1 || flags !== 0) {
    throw malformed(`version ${version} with flags ${flags} is not supported, only version 1 without flags`);
  }
  const length = view.getUint32(4, littleEndian);
  if (length < BASIC_LENGTH || length > view.byteLength) {
    throw malformed(`a header of ${length} bytes does not fit ${view.byteLength} bytes of BTF`);
  }
  const section = (name: string, at: number): Section =>
    sectionInside(
      name,
      length + view.getUint32(at, littleEndian),
      view.getUint32(at + 4, littleEndian),
      view,
    );
  return {
    littleEndian,
    types: section('type', 8),
    strings: section('string', 16),
    layout: length >= LENGTH_WITH_LAYOUT ? section('layout', 24) : { start: length, length: 0 },
  };
}

function byteOrder(magic: number): boolean {
  if (magic !== MAGIC && magic !== MAGIC_SWAPPED) {
    throw malformed(`it begins with 0x${magic.toString(16).padStart(4, '0')} where the magic 0xeb9f belongs`);
  }
  return magic === MAGIC;
}

function sectionInside(name: string, start: number, length: number, view: DataView): Section {
  if (start + length > view.byteLength) {
    throw malformed(
      `the ${name} section (offset ${start}, ${length} bytes) ends beyond the ${view.byteLength} bytes given`,
    );
  }
  return { start, length };
}
