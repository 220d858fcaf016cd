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

/** The C prototype of a function of the running kernel, kfuncs included; undefined when its BTF does not have it. */
export function kernelPrototype(name: string): string | undefined {
  return prototypeText(name, kernelBtf()?.find(name, 'func'));
}
