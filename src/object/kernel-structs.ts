import type { Btf } from '../btf/index.js';
import { kernelBtf } from './kernel-hooks.js';

/**
 * Whether a struct of the running kernel has a member: `kernelTells('bpf_link_info', 'tracing', 'cookie')`. Members
 * of anonymous structs and unions count as the struct's own. False when the kernel has no BTF to tell.
 */
export function kernelTells(struct: string, ...path: readonly string[]): boolean {
  const btf = kernelBtf();
  let id = btf?.find(struct, 'struct');
  for (const name of path) {
    id = btf && id !== undefined ? memberType(btf, id, name) : undefined;
  }
  return id !== undefined;
}

function memberType(btf: Btf, id: number, name: string): number | undefined {
  const type = btf.type(id);
  if (type.kind !== 'struct' && type.kind !== 'union') return undefined;
  for (const member of type.members) {
    if (member.name === name) return member.type;
    const inside = member.name === '' ? memberType(btf, member.type, name) : undefined;
    if (inside !== undefined) return inside;
  }
  return undefined;
}
