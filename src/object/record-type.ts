import { type Btf, type Codec, type CursorClass, codecFor, cursorFor, type U64 } from '../btf/index.js';
import { BpfError } from '../errors.js';
import { bytesCodec } from './plain-codec.js';

/** How the records that a map carries are laid out. */
export interface RecordTypes<Event> {
  /** Of size 0 when no type is declared: then the records are bytes. */
  readonly codec: Codec<Event>;
  /** Undefined when the records have no fields. */
  readonly cursors: CursorClass<Event> | undefined;
}

/** The types of a map as BTF has them; the id 0 for one that is not told. */
interface Declared {
  btf: Btf;
  valueTypeId: number;
  u64: U64;
}

// Of a file, in a map of files.
const DESCRIPTOR = 4;

/**
 * The type of the records that a map carries, from the type of its value. Two forms declare records of type struct event
 * without giving the value their size: `struct event[0]`, whose size is 0 as the kernel wants it of a ring buffer, and an
 * unnamed struct of a descriptor and such an array, for a perf event array, whose values are descriptors.
 */
export function recordType(btf: Btf, typeId: number): number {
  const type = btf.type(btf.resolve(typeId));
  if (type.kind === 'array' && type.count === 0) return type.element;
  if (type.kind !== 'struct' || type.name !== '' || type.size !== DESCRIPTOR) return typeId;
  const [, last] = type.members;
  const inner = last && btf.type(btf.resolve(last.type));
  return inner?.kind === 'array' && inner.count === 0 ? inner.element : typeId;
}

/**
 * How the records of the map `map` are laid out: as it declares, or as the type of the given name.
 *
 * @throws BpfError `ERR_BPF_UNKNOWN_NAME` when there is no type of that name
 */
export function recordTypes<Event>(
  map: string,
  declared: Declared | undefined,
  name: string | undefined,
): RecordTypes<Event> {
  const label = `${map} value`;
  const id = name === undefined ? declaredRecord(declared) : namedRecord(map, declared, name);
  if (!declared || id === 0)
    return { codec: bytesCodec(label, 0) as Codec<unknown> as Codec<Event>, cursors: undefined };
  const { btf, u64 } = declared;
  let cursors: CursorClass<Event> | undefined;
  return {
    codec: codecFor<Event>(btf, id, { u64, label }),
    get cursors() {
      const kind = btf.kindOf(btf.resolve(id));
      if (kind === 'struct' || kind === 'union') cursors ??= cursorFor<Event>(btf, id, { u64, label });
      return cursors;
    },
  };
}

function declaredRecord(declared: Declared | undefined): number {
  return declared && declared.valueTypeId !== 0 ? recordType(declared.btf, declared.valueTypeId) : 0;
}

function namedRecord(map: string, declared: Declared | undefined, name: string): number {
  const [, kind, bare] = /^(?:(struct|union|enum) )?(.*)$/.exec(name) ?? [];
  const id = declared?.btf.find(bare ?? name, kind as 'struct' | 'union' | 'enum' | undefined);
  if (id !== undefined) return id;
  throw new BpfError(
    declared
      ? `the object of map "${map}" has no type "${name}"`
      : `map "${map}" comes without types, so that "${name}" means nothing`,
    {
      code: 'ERR_BPF_UNKNOWN_NAME',
      reason: 'input',
      map,
      hint: declared
        ? 'name a type that a program of the object uses'
        : 'take the map from an object that was compiled with -g',
    },
  );
}
