import type { TypeTable } from './type-table.js';

/** How many parts a name may have: real ones have a handful, crafted ones would never end. */
const MOST_PARTS = 64;

/**
 * A type's name as C writes it, for messages: `struct event`, `unsigned int`, `char[16]`, `int (*)(void *)`.
 *
 * @throws BpfError `ERR_BPF_BTF` when the id or one it leads to does not exist
 */
export function typeName(table: TypeTable, id: number): string {
  return new Declaration(table).of(id, '');
}

class Declaration {
  readonly #table: TypeTable;
  #partsLeft = MOST_PARTS;

  constructor(table: TypeTable) {
    this.#table = table;
  }

  /** Declares `declarator` (a name, `*`, `[4]`, or nothing) to be of type `id`. */
  of(id: number, declarator: string): string {
    if (this.#partsLeft-- <= 0) {
      return join('...', declarator);
    }
    const kind = this.#table.kind(id);
    switch (kind) {
      case 'void':
        return join('void', declarator);
      case 'ptr':
        return this.#pointer(this.#table.target(id), declarator);
      case 'array':
        return this.#array(id, declarator);
      case 'func_proto':
        return this.#prototype(id, declarator);
      case 'const':
      case 'volatile':
      case 'restrict':
        return this.#qualified(kind, this.#table.target(id), declarator);
      case 'type_tag':
        return this.of(this.#table.target(id), declarator);
      case 'func':
      case 'var':
        return this.of(this.#table.target(id), this.#table.name(id));
      default:
        return join(this.#plain(id), declarator);
    }
  }

  #plain(id: number): string {
    const kind = this.#table.kind(id);
    const name = this.#table.name(id) || '(anon)';
    switch (kind) {
      case 'struct':
      case 'union':
      case 'enum':
        return `${kind} ${name}`;
      case 'enum64':
        return `enum ${name}`;
      case 'fwd': {
        const forward = this.#table.type(id);
        return `${forward.kind === 'fwd' ? forward.of : kind} ${name}`;
      }
      case 'decl_tag':
        return `decl_tag ${name}`;
      case 'unknown':
        return `(BTF type [${id}] of an unknown kind)`;
      default:
        return name;
    }
  }

  #pointer(target: number, declarator: string): string {
    const kind = this.#table.kind(target);
    const wrapped = kind === 'array' || kind === 'func_proto' ? `(*${declarator})` : `*${declarator}`;
    return this.of(target, wrapped);
  }

  #array(id: number, declarator: string): string {
    const array = this.#table.type(id);
    return array.kind === 'array' ? this.of(array.element, `${declarator}[${array.count}]`) : '';
  }

  #prototype(id: number, declarator: string): string {
    const params = this.#table.count(id) > this.#partsLeft ? '...' : this.#params(id);
    return this.of(this.#table.target(id), `${declarator}(${params})`);
  }

  #params(id: number): string {
    const proto = this.#table.type(id);
    if (proto.kind !== 'func_proto') {
      return '';
    }
    const shown = proto.params.map((param) => this.of(param.type, ''));
    return [...shown, ...(proto.variadic ? ['...'] : [])].join(', ') || 'void';
  }

  #qualified(qualifier: string, target: number, declarator: string): string {
    return this.#table.kind(target) === 'ptr'
      ? this.of(target, join(qualifier, declarator))
      : `${qualifier} ${this.of(target, declarator)}`;
  }
}

function join(type: string, declarator: string): string {
  return declarator === '' || declarator.startsWith('[') ? type + declarator : `${type} ${declarator}`;
}
