import type { Btf, BtfComposite } from '../btf/index.js';

/** Where a member of a kernel structure is. */
export interface KernelMember {
  /** Bytes from the beginning of the structure. */
  offset: number;
  /** The BTF id of its type. */
  type: number;
}

/**
 * Finds a member by its path, such as `f_path.dentry`, as the running kernel has it: members of anonymous structs and
 * unions are found as C finds them. Undefined where this kernel has no such structure or member; bitfields are none.
 */
export function memberOf(btf: Btf, struct: string, path: string): KernelMember | undefined {
  const id = btf.find(struct, 'struct');
  if (id === undefined) return undefined;
  let found: KernelMember | undefined = { offset: 0, type: id };
  for (const name of path.split('.')) {
    const inside: KernelMember | undefined = memberIn(btf, found.type, name);
    if (!inside) return undefined;
    found = { offset: found.offset + inside.offset, type: inside.type };
  }
  return found;
}

function memberIn(btf: Btf, id: number, name: string): KernelMember | undefined {
  for (const member of compositeOf(btf, id)?.members ?? []) {
    if (member.bitSize > 0) continue;
    const offset = member.bitOffset / 8;
    if (member.name === name) return { offset, type: member.type };
    const inside = member.name === '' ? memberIn(btf, member.type, name) : undefined;
    if (inside) return { offset: offset + inside.offset, type: inside.type };
  }
  return undefined;
}

function compositeOf(btf: Btf, id: number): BtfComposite | undefined {
  const type = btf.type(btf.resolve(id));
  return type.kind === 'struct' || type.kind === 'union' ? type : undefined;
}

/** What a pointer points to, qualifiers stripped; undefined for what is no pointer. */
export function pointee(btf: Btf, id: number): number | undefined {
  const pointer = btf.type(btf.resolve(id));
  return pointer.kind === 'ptr' ? btf.resolve(pointer.type) : undefined;
}

/** Whether a pointer is into the memory of a process, which is told by a tag (Linux 5.18, compilers that have them). */
export function pointsToUser(btf: Btf, id: number): boolean {
  const pointer = btf.type(btf.resolve(id));
  let target = pointer.kind === 'ptr' ? btf.type(pointer.type) : undefined;
  while (target && (target.kind === 'const' || target.kind === 'volatile' || target.kind === 'type_tag')) {
    if (target.kind === 'type_tag' && target.name === 'user') return true;
    target = btf.type(target.type);
  }
  return false;
}
