import { btfError, malformed } from './btf-error.js';
import type { BtfType } from './btf-type.js';
import { readHeader } from './header.js';
import { type BtfKind, isModifier, KIND_SHAPES } from './kind.js';
import { readType } from './read-type.js';
import { StringSection } from './string-section.js';
import { countIn, indexTypes, kindIn } from './type-index.js';

/** The kernel follows at most 32 references to resolve a type; longer chains are cycles or nonsense. */
const LONGEST_CHAIN = 128;

/** The types of one BTF, read where they lie; ids below `firstId` belong to the base of split BTF. */
export class TypeTable {
  readonly littleEndian: boolean;
  readonly firstId: number;
  /** The highest valid type id. */
  readonly lastId: number;
  readonly #view: DataView;
  readonly #offsets: Uint32Array;
  readonly #strings: StringSection;
  readonly #base: TypeTable | undefined;
  #idsByName: Map<string, number[]> | undefined;

  /** @throws BpfError `ERR_BPF_BTF` when the bytes are not BTF, are cut off or contradict themselves */
  constructor(bytes: Uint8Array, base?: TypeTable) {
    // A copy, so that what was checked here is what is read later.
    const own = new Uint8Array(bytes);
    this.#view = new DataView(own.buffer);
    const header = readHeader(this.#view);
    if (base && base.littleEndian !== header.littleEndian) {
      throw malformed('split BTF and its base have different byte orders');
    }
    const { start, length } = header.strings;
    this.littleEndian = header.littleEndian;
    this.#base = base;
    const baseStrings = base === undefined ? undefined : base.#strings;
    this.#strings = new StringSection(own.subarray(start, start + length), baseStrings);
    this.firstId = base ? base.lastId + 1 : 1;
    this.#offsets = indexTypes(this.#view, header, this.firstId);
    this.lastId = this.firstId + this.#offsets.length - 1;
  }

  /** The whole type, made on demand. */
  type(id: number): BtfType {
    if (id === 0) {
      return { kind: 'void' };
    }
    const table = this.#tableOf(id);
    return readType(
      {
        view: table.#view,
        littleEndian: table.littleEndian,
        at: table.#offsetOf(id),
        id,
        nameAt: (offset) => table.#strings.at(offset),
      },
      this.lastId,
    );
  }

  /** The kind alone, which costs two reads. */
  kind(id: number): BtfKind {
    return id === 0 ? 'void' : (KIND_SHAPES[kindIn(this.#word(id, 4))]?.name ?? 'unknown');
  }

  /** The bare name, without making the type; empty for anonymous types and kinds that have none. */
  name(id: number): string {
    return id === 0 ? '' : this.#tableOf(id).#strings.at(this.#word(id, 0));
  }

  /** The `size` or `type` word of a type, whichever its kind has; 0 for void. */
  sizeOrType(id: number): number {
    return id === 0 ? 0 : this.#word(id, 8);
  }

  /** How many members, values or parameters a type has. */
  count(id: number): number {
    return id === 0 ? 0 : countIn(this.#word(id, 4));
  }

  /** The type a reference leads to, checked to exist. */
  target(id: number): number {
    const target = this.sizeOrType(id);
    if (target > this.lastId) {
      throw malformed(`type [${id}] refers to type [${target}], but there are only ${this.lastId}`);
    }
    return target;
  }

  /** Follows references for as long as `through` holds of the kind. */
  follow(id: number, through: (kind: BtfKind) => boolean): number {
    let current = id;
    for (let steps = 0; through(this.kind(current)); steps++) {
      if (steps === LONGEST_CHAIN) {
        throw malformed(
          `type [${id}] leads through more than ${LONGEST_CHAIN} references, or back to itself`,
        );
      }
      current = this.target(current);
    }
    return current;
  }

  /** Strips typedef, const, volatile, restrict and type_tag. */
  resolve(id: number): number {
    return this.follow(id, isModifier);
  }

  /** The first type of this name, in this table or its base. */
  find(name: string, kind?: BtfKind): number | undefined {
    const inBase = this.#base?.find(name, kind);
    if (inBase !== undefined || name === '') {
      return inBase;
    }
    this.#idsByName ??= this.#indexNames();
    return this.#idsByName.get(name)?.find((id) => answersTo(this.kind(id), kind));
  }

  #indexNames(): Map<string, number[]> {
    const index = new Map<string, number[]>();
    for (let id = this.firstId; id <= this.lastId; id++) {
      const name = this.name(id);
      const ids = index.get(name);
      if (ids) {
        ids.push(id);
      } else if (name !== '') {
        index.set(name, [id]);
      }
    }
    return index;
  }

  #word(id: number, within: number): number {
    const table = this.#tableOf(id);
    return table.#view.getUint32(table.#offsetOf(id) + within, table.littleEndian);
  }

  #tableOf(id: number): TypeTable {
    return this.#base && id < this.firstId ? this.#base.#tableOf(id) : this;
  }

  #offsetOf(id: number): number {
    const offset = this.#offsets[id - this.firstId];
    if (offset === undefined) {
      throw btfError(`there is no BTF type [${id}]: ids run from 0 to ${this.lastId}`);
    }
    return offset;
  }
}

/** The text of a tag is not a name, so a tag is found only by those who ask for one. */
function answersTo(kind: BtfKind, wanted: BtfKind | undefined): boolean {
  return wanted === undefined ? kind !== 'decl_tag' && kind !== 'type_tag' : kind === wanted;
}
