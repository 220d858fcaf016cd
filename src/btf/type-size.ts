import { btfError, malformed } from './btf-error.js';
import { isModifier } from './kind.js';
import { typeName } from './type-name.js';
import type { TypeTable } from './type-table.js';

/** What C calls `long` tells the pointer size of the machine the BTF was made for. */
const LONG_NAMES: ReadonlySet<string> = new Set([
  'long',
  'long int',
  'unsigned long',
  'long unsigned int',
  'unsigned long int',
]);

/** Arrays of arrays deeper than this are no C anyone wrote. */
const DEEPEST_ARRAY = 64;

/** The size of a pointer in bytes: that of `long` where the BTF has it, else 8, as on every BPF target. */
export function pointerSize(table: TypeTable): number {
  for (let id = 1; id <= table.lastId; id++) {
    if (table.kind(id) === 'int' && LONG_NAMES.has(table.name(id))) {
      return table.sizeOrType(id) === 4 ? 4 : 8;
    }
  }
  return 8;
}

/**
 * The size of a type in bytes.
 *
 * @throws BpfError `ERR_BPF_BTF` when it has none (void, a function, a forward declaration) or none that is sane
 */
export function typeSize(table: TypeTable, id: number, pointerBytes: () => number): number {
  let count = 1;
  let current = id;
  for (let depth = 0; depth < DEEPEST_ARRAY; depth++) {
    current = table.follow(current, (kind) => isModifier(kind) || kind === 'var');
    const array = table.kind(current) === 'array' ? table.type(current) : undefined;
    if (array?.kind !== 'array') {
      return wholeSize(count * elementSize(table, current, pointerBytes), id);
    }
    count = wholeSize(count * array.count, id);
    current = array.element;
  }
  throw malformed(`type [${id}] is an array of arrays more than ${DEEPEST_ARRAY} deep, or contains itself`);
}

function elementSize(table: TypeTable, id: number, pointerBytes: () => number): number {
  switch (table.kind(id)) {
    case 'int':
    case 'struct':
    case 'union':
    case 'enum':
    case 'enum64':
    case 'float':
    case 'datasec':
      return table.sizeOrType(id);
    case 'ptr':
      return pointerBytes();
    default:
      throw btfError(`${typeName(table, id)} (BTF type [${id}], ${table.kind(id)}) has no size`);
  }
}

function wholeSize(size: number, id: number): number {
  if (!Number.isSafeInteger(size)) {
    throw malformed(`the size of type [${id}] is beyond counting`);
  }
  return size;
}
