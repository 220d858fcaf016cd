// Damages ELF files in ways that matter to whoever reads them: a seed always gives the same damage.

/** A generator of integers from 0 to 2^32-1 (xorshift32 over a mixed seed). */
function generator(seed) {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state;
  };
  for (let i = 0; i < 8; i++) next();
  return next;
}

const SECTION_HEADER = 64;

/** The section headers of a sound file. */
export function sectionsOf(elf) {
  const view = viewOf(elf);
  const start = Number(view.getBigUint64(40, true));
  const sections = Array.from({ length: view.getUint16(60, true) }, (_, i) => {
    const at = start + i * SECTION_HEADER;
    return {
      at,
      name: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      offset: Number(view.getBigUint64(at + 24, true)),
      size: Number(view.getBigUint64(at + 32, true)),
    };
  });
  const names = sections[view.getUint16(62, true)]?.offset ?? 0;
  const text = (at) => Buffer.from(elf.subarray(at, elf.indexOf(0, at))).toString('latin1');
  return sections.map((section) => ({ ...section, name: text(names + section.name) }));
}

function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What readers tend to get wrong: the ends of ranges, and of this file. */
function oddNumber(random, length) {
  const base = [
    0,
    1,
    2,
    4,
    7,
    8,
    16,
    24,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    length,
  ];
  return (pick(random, base) + pick(random, [0, 0, 0, 1, -1, 8, -8])) >>> 0;
}

function pick(random, list) {
  return list[random() % list.length];
}

const damages = {
  bits(elf, random) {
    for (let i = 1 + (random() % 8); i > 0; i--) elf[random() % elf.length] ^= 1 << (random() % 8);
    return elf;
  },

  bytes(elf, random) {
    for (let i = 1 + (random() % 4); i > 0; i--)
      elf[random() % elf.length] = pick(random, [0, 1, 0x7f, 0x80, 0xff]);
    return elf;
  },

  cut(elf, random) {
    return elf.slice(0, random() % elf.length);
  },

  elfHeader(elf, random) {
    const [at, size] = pick(random, [
      ...[4, 5, 6, 7].map((byte) => [byte, 1]),
      ...[16, 18, 52, 54, 56, 58, 60, 62].map((half) => [half, 2]),
      ...[20, 24, 32, 40, 48].map((word) => [word, 4]),
    ]);
    write(elf, at, size, oddNumber(random, elf.length));
    return elf;
  },

  sectionHeader(elf, random, sections) {
    const { at } = pick(random, sections);
    const field = pick(random, [0, 4, 8, 16, 24, 32, 40, 44, 48, 56]);
    const other = viewOf(elf).getUint32(pick(random, sections).at + field, true);
    write(elf, at + field, 4, pick(random, [other, oddNumber(random, elf.length)]));
    if (random() % 8 === 0) write(elf, at + field + 4, 4, 0xffffffff);
    return elf;
  },

  swapSections(elf, random, sections) {
    const [one, two] = [pick(random, sections).at, pick(random, sections).at];
    const kept = elf.slice(one, one + SECTION_HEADER);
    elf.copyWithin(one, two, two + SECTION_HEADER);
    elf.set(kept, two);
    return elf;
  },

  // The readers of BTF, of symbols, of relocations and of map definitions each meet numbers of their own here.
  word(elf, random, sections) {
    const read = sections.filter(({ name, size }) => size >= 4 && /BTF|rel|symtab|maps|strtab/.test(name));
    const { offset, size } = pick(random, read);
    // Half of them in the first words, where the headers are.
    const reach = random() % 2 ? Math.min(size, 40) : size;
    const at = offset + (random() % (reach >> 2)) * 4;
    const old = viewOf(elf).getUint32(at, true);
    const value = pick(random, [old + 1, old - 1, old ^ (1 << (random() % 32)), oddNumber(random, size)]);
    write(elf, at, 4, value >>> 0);
    return elf;
  },

  strings(elf, random, sections) {
    const texts = sections.filter(({ name }) => /strtab|BTF|license/.test(name));
    const { offset, size } = pick(random, texts);
    if (random() % 2) elf[offset + size - 1] = 0x41;
    else for (let at = offset + (random() % size); at < offset + size; at++) elf[at] ||= 0x41;
    return elf;
  },

  copy(elf, random, sections) {
    const [from, to] = [pick(random, sections), pick(random, sections)];
    const length = Math.min(random() % 64, from.size, to.size, elf.length - to.offset);
    elf.copyWithin(to.offset, from.offset, from.offset + Math.max(length, 0));
    return elf;
  },
};

function write(elf, at, size, value) {
  for (let i = 0; i < size && at + i < elf.length; i++) elf[at + i] = (value >>> (8 * i)) & 0xff;
}

/**
 * A damaged copy of a sound ELF file.
 *
 * @param {Uint8Array} elf
 * @param {number} seed
 * @returns {{ elf: Uint8Array, damage: string[] }} the copy, and what was done to it in order
 */
export function mutant(elf, seed) {
  const random = generator(seed);
  const sections = sectionsOf(elf);
  let result = Uint8Array.from(elf);
  const damage = [];
  for (let i = pick(random, [1, 1, 1, 2, 3]); i > 0 && result.length === elf.length; i--) {
    const kind = pick(random, Object.keys(damages));
    damage.push(kind);
    result = damages[kind](result, random, sections);
  }
  return { elf: result, damage };
}
