import { VmError } from './errors.js';

/** One binary package of a kernel. */
export interface KernelPackage {
  readonly name: string;
  readonly version: string;
}

/** What a kernel consists of. */
export interface KernelPackages {
  /** The linux-image package with the version in its name. */
  readonly image: KernelPackage;
  readonly all: readonly KernelPackage[];
}

/** Since 7.3 Debian splits a kernel into linux-image, linux-binary, linux-modules and linux-base packages. */
const OWN = /^linux-(?:image|binary|modules|base)-/;

/** Follows the dependencies of `meta` through the kernel's own packages only. */
export async function kernelPackages(
  meta: string,
  show: (name: string) => Promise<ReadonlyMap<string, string> | undefined>,
): Promise<KernelPackages> {
  const found = new Map<string, KernelPackage>();
  const queue = [meta];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (found.has(name)) continue;
    const record = await show(name);
    const version = record?.get('Version');
    if (record === undefined || version === undefined) {
      throw new VmError('NO_KERNEL', `The archive has no package ${name}, which ${meta} needs.`);
    }
    found.set(name, { name, version });
    for (const field of ['Pre-Depends', 'Depends']) queue.push(...ownDependencies(record.get(field) ?? ''));
  }
  const all = [...found.values()];
  const image = all.find((pkg) => /^linux-image-\d/.test(pkg.name));
  if (image === undefined)
    throw new VmError('NO_KERNEL', `The package ${meta} depends on no linux-image package.`);
  return { image, all };
}

/** The names a dependency field asks for among the kernel's own packages; of alternatives the first. */
export function ownDependencies(field: string): string[] {
  const names = field.split(',').map((group) => group.trim().split(/[\s|(:]/)[0] ?? '');
  return names.filter((name) => OWN.test(name));
}
