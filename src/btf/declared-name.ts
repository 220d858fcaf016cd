import type { Btf } from './btf.js';

/** More qualifiers than any declaration has; where there are more, the name is that of what is left. */
const LONGEST_CHAIN = 100;

/**
 * The name a C programmer gave a type: typedefs stay, qualifiers go, and a var has the name of its type.
 *
 * @throws BpfError `ERR_BPF_BTF` when there is no such id
 */
export function declaredName(btf: Btf, id: number): string {
  let current = id;
  for (let steps = 0; steps < LONGEST_CHAIN; steps++) {
    const kind = btf.kindOf(current);
    if (kind !== 'const' && kind !== 'volatile' && kind !== 'restrict' && kind !== 'var') {
      break;
    }
    const type = btf.type(current);
    current = 'type' in type ? type.type : 0;
  }
  return btf.nameOf(current);
}
