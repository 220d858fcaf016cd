import { type Btf, type Codec, codecFor, type U64 } from '../btf/index.js';
import { BpfError } from '../errors.js';
import type { NativeMapSpec } from '../native.js';
import type { Property } from './named.js';

/** Where the bytes of a data section are: the image before load, the map's memory after. */
export interface SectionMemory {
  read(offset: number, into: Uint8Array): void;
  write(offset: number, from: Uint8Array): void;
}

/** A data section of an object: `.bss`, `.data`, `.rodata` and their named kin. */
export interface Section {
  /** The name of the section and of its map. */
  name: string;
  memory: SectionMemory;
  /** Set once the kernel has frozen it. */
  frozen: boolean;
}

/** The sections among an object's maps that hold variables of its own; `.kconfig` and `.ksyms` are the kernel's. */
export function isDataSection(map: NativeMapSpec): boolean {
  return map.internal && /^\.(bss|data|rodata)/.test(map.name);
}

/** Accessors for every global variable of the sections, by the variable's name. */
export function globalsOf(
  object: string,
  btf: Btf | undefined,
  sections: readonly Section[],
  u64: U64,
): ReadonlyMap<string, Property<unknown>> {
  const globals = new Map<string, Property<unknown>>();
  for (const section of sections) {
    const id = btf?.find(section.name, 'datasec');
    const datasec = id === undefined ? undefined : btf?.type(id);
    if (!btf || datasec?.kind !== 'datasec') continue;
    for (const { type, offset } of datasec.vars) {
      const variable = btf.type(type);
      if (variable.kind !== 'var' || globals.has(variable.name)) continue;
      globals.set(variable.name, accessor(object, variable.name, btf, type, offset, section, u64));
    }
  }
  return globals;
}

function accessor(
  object: string,
  name: string,
  btf: Btf,
  typeId: number,
  offset: number,
  section: Section,
  u64: U64,
): Property<unknown> {
  let codec: Codec | undefined;
  const codecOf = () => {
    codec ??= codecFor(btf, typeId, { u64, label: name });
    return codec;
  };
  return {
    get() {
      const bytes = new Uint8Array(codecOf().size);
      section.memory.read(offset, bytes);
      return codecOf().decode(bytes);
    },
    set(value) {
      const bytes = codecOf().encode(value);
      if (section.frozen && section.name.startsWith('.rodata')) {
        throw new BpfError(
          `global "${name}" of object "${object}" is const, and its section is frozen since load`,
          {
            code: 'ERR_BPF_READ_ONLY',
            reason: 'input',
            hint: 'set it before load(), or declare it without const',
          },
        );
      }
      section.memory.write(offset, bytes);
    },
  };
}
