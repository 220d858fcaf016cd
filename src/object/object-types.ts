import {
  type Btf,
  type Layout,
  layoutOf,
  TsTypes,
  tsComment,
  tsProperty,
  tsString,
  type U64,
} from '../btf/index.js';
import { BpfError } from '../errors.js';
import type { NativeInnerMapSpec, NativeMapSpec } from '../native.js';
import { BpfObject } from './bpf-object.js';
import { isDataSection } from './globals.js';
import { familyOf } from './maps/index.js';
import type { ObjectDeclarations } from './open-object.js';
import { recordType } from './record-type.js';

/** How to write the types of an object. */
export interface ObjectTypesOptions {
  /** What 64-bit integers come as; open the object with the same. Default `bigint`. */
  u64?: U64;
  /** The object's name; the interface that describes it is named after it. Default as {@link BpfObject.open} has it. */
  name?: string;
  /** The module that the types `Input` and `Union` are imported from. Default `bpf-lsm`. */
  from?: string;
}

/**
 * Writes the TypeScript types of an object file: an {@link ObjectShape} to pass to {@link BpfObject.open}, and the
 * types of its maps, records and global variables. The file is not loaded; this needs no privileges.
 *
 * @param source - the path or file URL of a `.bpf.o`, or its bytes
 * @returns the text of a `.ts` or `.d.ts` file
 * @throws BpfError as {@link BpfObject.open} does
 */
export function objectTypes(source: string | URL | Uint8Array, options: ObjectTypesOptions = {}): string {
  const { u64 = 'bigint', name, from = 'bpf-lsm' } = options;
  using open = BpfObject.open(source, name === undefined ? { u64 } : { u64, name });
  return new ObjectTypes(open.declarations, u64).text(from);
}

class ObjectTypes {
  readonly #object: ObjectDeclarations;
  readonly #u64: U64;
  readonly #types: TsTypes;
  #usesInput = false;

  constructor(object: ObjectDeclarations, u64: U64) {
    this.#object = object;
    this.#u64 = u64;
    this.#types = new TsTypes(u64);
  }

  text(from: string): string {
    const shape = this.#shape();
    const helpers = [...(this.#usesInput ? ['Input'] : []), ...(this.#types.usesUnion ? ['Union'] : [])].join(
      ', ',
    );
    const parts = [
      `// The types of the BPF object ${JSON.stringify(this.#object.name)}, written by \`bpf-lsm types\`: write them again when it changes.`,
      ...(helpers ? [`import type { ${helpers} } from ${tsString(from)};`] : []),
      shape,
      ...this.#types.declarations,
    ];
    return `${parts.join('\n\n')}\n`;
  }

  #shape(): string {
    const { name, programs, maps } = this.#object;
    const shape = this.#types.names.claim(name, 'Object');
    const { globals, constants } = this.#variables();
    const members = [
      tsComment('What 64-bit integers come as: open the object with the same.'),
      `u64: ${tsString(this.#u64)};`,
      `programs: ${programs.map((program) => tsString(program.name)).join(' | ') || 'never'};`,
      `maps: ${block(maps.flatMap((map) => this.#map(map)))};`,
      `globals: ${block(globals)};`,
      ...(constants.length > 0
        ? [
            tsComment('Set before the object is loaded, fixed from then on.'),
            `constants: ${block(constants)};`,
          ]
        : []),
    ];
    const head = tsComment(`What the object holds: \`BpfObject.open<${shape}>(...)\`.`);
    return `${head}\nexport interface ${shape} ${block(members, '')}`;
  }

  #map(map: NativeMapSpec): string[] {
    return [`${tsProperty(map.name)}: ${this.#mapShape(map, map.inner)};`];
  }

  /** A {@link MapShape}: what the class of the map has a use for. */
  #mapShape(map: NativeInnerMapSpec, inner: NativeInnerMapSpec | undefined): string {
    const type = `type: ${tsString(map.type)}`;
    switch (familyOf(map.type)) {
      case 'ProgArray':
      case 'CgroupArray':
        return `{ ${type} }`;
      case 'MapOfMaps': {
        const holds = inner ? `; inner: ${this.#mapShape(inner, undefined)}` : '';
        return `{ ${type}; key: ${this.#keyOf(map)}${holds} }`;
      }
      case 'RecordMap':
        return `{ ${type}; value: ${this.#recordOf(map)} }`;
      case 'BpfMap':
      case 'BpfArray':
        return `{ ${type}; key: ${this.#keyOf(map)}; value: ${this.#valueOf(map)} }`;
      default:
        return `{ ${type}; value: ${this.#valueOf(map)} }`;
    }
  }

  #keyOf({ type, keySize, keyTypeId }: NativeInnerMapSpec): string {
    if (keyTypeId !== 0) return this.#typeOf(keyTypeId);
    return /array/.test(type) && keySize === 4 ? 'number' : 'Uint8Array';
  }

  #valueOf({ type, valueTypeId }: NativeInnerMapSpec): string {
    const value = valueTypeId === 0 ? 'Uint8Array' : this.#typeOf(valueTypeId);
    if (!type.includes('percpu')) return value;
    return /[|&]/.test(value) ? `(${value})[]` : `${value}[]`;
  }

  #recordOf({ valueTypeId }: NativeInnerMapSpec): string {
    const { btf } = this.#object;
    return btf && valueTypeId !== 0 ? this.#typeOf(recordType(btf, valueTypeId)) : 'Uint8Array';
  }

  #typeOf(id: number): string {
    const layout = this.#object.btf && layoutOrNone(this.#object.btf, id);
    return layout ? this.#types.of(layout, '    ') : 'unknown';
  }

  /** The variables of the data sections, as the properties by which they are read and set. */
  #variables(): { globals: string[]; constants: string[] } {
    const { btf, maps } = this.#object;
    const properties = { globals: [] as string[], constants: [] as string[] };
    const seen = new Set<string>();
    for (const section of maps.filter(isDataSection)) {
      const into = section.name.startsWith('.rodata') ? properties.constants : properties.globals;
      for (const { name, type } of variablesOf(btf, section.name)) {
        if (!seen.has(name)) into.push(...this.#variable(name, type));
        seen.add(name);
      }
    }
    return properties;
  }

  #variable(name: string, id: number): string[] {
    const layout = this.#object.btf && layoutOrNone(this.#object.btf, id);
    const property = tsProperty(name);
    if (!layout) return [`${property}: unknown;`];
    const inC = this.#types.declarationInC({ layout });
    const type = this.#types.of(layout, '    ');
    const input = this.#types.inputOf(layout);
    this.#usesInput ||= input?.startsWith('Input<') ?? false;
    const lines = input
      ? [`get ${property}(): ${type};`, `set ${property}(value: ${input});`]
      : [`${property}: ${type};`];
    return inC ? [tsComment(inC), ...lines] : lines;
  }
}

function variablesOf(btf: Btf | undefined, section: string): { name: string; type: number }[] {
  const id = btf?.find(section, 'datasec');
  const datasec = id === undefined ? undefined : btf?.type(id);
  if (!btf || datasec?.kind !== 'datasec') return [];
  return datasec.vars.map(({ type }) => ({ name: btf.bareNameOf(type), type }));
}

/** A type without a layout, such as that of a struct that is declared and not defined, has no values either. */
function layoutOrNone(btf: Btf, id: number): Layout | undefined {
  try {
    return layoutOf(btf, id);
  } catch (error) {
    if (error instanceof BpfError) return undefined;
    throw error;
  }
}

function block(lines: readonly string[], indent = '  '): string {
  if (lines.length === 0) return '{}';
  return `{\n${lines.map((line) => `${indent}  ${line}`).join('\n')}\n${indent}}`;
}
