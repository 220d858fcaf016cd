/** What a guest needs before its root file system is there. */
export const bootModules: readonly string[] = ['virtio_pci', 'virtio_console', 'virtiofs', 'overlay'];

/** A module's name: the file name without folders and suffixes, with `_` for `-`, as the kernel calls it. */
export function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_');
}

/** Parses depmod's modules.dep: `path: path path ...`, both relative to the modules directory. */
export function parseModulesDep(text: string): Map<string, { path: string; needs: string[] }> {
  const modules = new Map<string, { path: string; needs: string[] }>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const path = line.slice(0, colon);
    const needs = line
      .slice(colon + 1)
      .split(' ')
      .filter(Boolean)
      .map(moduleName);
    modules.set(moduleName(path), { path, needs });
  }
  return modules;
}

/**
 * The paths of the module files to insert for `wanted`, in an order in which each finds what it needs. What the
 * kernel has built in (`modulesBuiltin` lists it) is left out; a name in neither list throws RangeError.
 */
export function insertionOrder(
  wanted: readonly string[],
  modulesDep: string,
  modulesBuiltin: string,
): string[] {
  const modules = parseModulesDep(modulesDep);
  const builtin = new Set(modulesBuiltin.split('\n').filter(Boolean).map(moduleName));
  const order = new Map<string, string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (order.has(name) || builtin.has(name)) return;
    const module = modules.get(name);
    if (module === undefined) throw new RangeError(`this kernel has no module ${name}`);
    if (path.includes(name)) throw new RangeError(`modules need each other: ${[...path, name].join(' ')}`);
    for (const need of module.needs) visit(need, [...path, name]);
    order.set(name, module.path);
  };
  for (const name of wanted) visit(name, []);
  return [...order.values()];
}
