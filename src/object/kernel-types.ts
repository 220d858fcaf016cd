import type { Btf } from '../btf/index.js';
import { kernelBtf, prototypeText } from './kernel-hooks.js';

/** The values of an enum of the running kernel by their names; undefined when its BTF does not have it. */
export function kernelEnum(name: string): ReadonlyMap<string, number> | undefined {
  const btf = kernelBtf();
  const id = btf?.find(name, 'enum');
  const type = id === undefined ? undefined : btf?.type(id);
  return type?.kind === 'enum'
    ? new Map(type.values.map(({ name, value }) => [name, value] as const))
    : undefined;
}

/**
 * Whether a struct or union of the running kernel has a member, itself or in a struct without a name; undefined when its
 * BTF does not have the type.
 */
export function kernelMember(type: string, member: string): boolean | undefined {
  const btf = kernelBtf();
  const id = btf?.find(type, 'union') ?? btf?.find(type, 'struct');
  return btf && id !== undefined ? hasMember(btf, id, member) : undefined;
}

function hasMember(btf: Btf, id: number, member: string): boolean {
  const composite = btf.type(btf.resolve(id));
  if (composite.kind !== 'struct' && composite.kind !== 'union') return false;
  return composite.members.some(
    ({ name, type }) =>
      // Unions of the BPF interface name some of their structs: bpf_attr.link_create.
      name === member || hasMember(btf, type, member),
  );
}

/** The C prototype of a function of the running kernel, kfuncs included; undefined when its BTF does not have it. */
export function kernelPrototype(name: string): string | undefined {
  return prototypeText(name, kernelBtf()?.find(name, 'func'));
}
