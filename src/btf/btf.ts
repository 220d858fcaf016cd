import type { BtfType } from './btf-type.js';
import type { BtfKind } from './kind.js';
import { typeName } from './type-name.js';
import { pointerSize, typeSize } from './type-size.js';
import { TypeTable } from './type-table.js';

/**
 * The BPF Type Format of a kernel, a module or an object file, read lazily: parsing finds where each type begins,
 * and types and names are made when asked for.
 *
 * Reads every kind up to enum64 (kernel 6.0), kernel 7.2's wider counts, and skips unknown kinds that a layout
 * section (kernel 7.1) describes. The bytes are untrusted: whatever they hold, methods answer or throw `BpfError` with
 * code `ERR_BPF_BTF`.
 */
export class Btf {
  readonly #table: TypeTable;
  #pointerSize: number | undefined;

  private constructor(table: TypeTable) {
    this.#table = table;
  }

  /**
   * Parses raw BTF, such as `/sys/kernel/btf/vmlinux` (kernel 5.4) or the `.BTF` section of an object file.
   *
   * @param bytes - the BTF, in either byte order; copied
   * @param base - for split BTF, such as `/sys/kernel/btf/MODULE` (kernel 5.11): the BTF it continues
   * @throws BpfError `ERR_BPF_BTF` saying what is wrong and where
   */
  static parse(bytes: Uint8Array, base?: Btf): Btf {
    return new Btf(new TypeTable(bytes, base === undefined ? undefined : base.#table));
  }

  /** Whether values of these types have their low byte first. */
  get littleEndian(): boolean {
    return this.#table.littleEndian;
  }

  /** How many types there are, those of the base included; ids run from 0 (void) to this number. */
  get types(): number {
    return this.#table.lastId;
  }

  /** The first id that is not the base's; 1 without a base. */
  get firstId(): number {
    return this.#table.firstId;
  }

  /** The size of a pointer in bytes: that of `long` where the BTF has it, else 8. */
  get pointerSize(): number {
    this.#pointerSize ??= pointerSize(this.#table);
    return this.#pointerSize;
  }

  /**
   * The type with an id.
   *
   * @throws BpfError `ERR_BPF_BTF` when there is no such id or the type refers to what does not exist
   */
  type(id: number): BtfType {
    return this.#table.type(id);
  }

  /**
   * The kind of a type, without making the type.
   *
   * @throws BpfError `ERR_BPF_BTF` when there is no such id
   */
  kindOf(id: number): BtfKind {
    return this.#table.kind(id);
  }

  /**
   * The bare name of a type (`event`, without `struct`), without making the type; empty when it has none.
   *
   * @throws BpfError `ERR_BPF_BTF` when there is no such id or name
   */
  bareNameOf(id: number): string {
    return this.#table.name(id);
  }

  /**
   * The id of the first type with a bare name, or undefined. The first call indexes all names,
   * which takes a kernel's about as long as a tenth of a second.
   *
   * @param name - as C has it, without `struct`
   * @param kind - only types of this kind
   * @throws BpfError `ERR_BPF_BTF` when names cannot be read
   */
  find(name: string, kind?: BtfKind): number | undefined {
    return this.#table.find(name, kind);
  }

  /**
   * The name of a type as C writes it: `struct event`, `unsigned int`, `char[16]`, `struct file *`.
   *
   * @throws BpfError `ERR_BPF_BTF` when there is no such id
   */
  nameOf(id: number): string {
    return typeName(this.#table, id);
  }

  /**
   * The id left after stripping typedef, const, volatile, restrict and type_tag.
   *
   * @throws BpfError `ERR_BPF_BTF` for typedefs in a circle
   */
  resolve(id: number): number {
    return this.#table.resolve(id);
  }

  /**
   * The size of a type in bytes; a var has that of its type.
   *
   * @throws BpfError `ERR_BPF_BTF` when it has none: void, a function, a forward declaration
   */
  sizeOf(id: number): number {
    return typeSize(this.#table, id, () => this.pointerSize);
  }
}
