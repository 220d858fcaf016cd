import { BpfObject, type ObjectShape, type OpenProgram } from '../../object/index.js';

/**
 * Loads these programs of an object, and no others. Its maps are those that are pinned in the directory. All at once: for
 * each load libbpf reads the types of the whole kernel.
 */
export async function loadPrograms<Shape extends ObjectShape>(
  file: URL,
  directory: string,
  programs: readonly string[],
): Promise<BpfObject<Shape>> {
  const open = BpfObject.open(file, { pinRoot: directory });
  for (const [name, program] of Object.entries<OpenProgram>(open.programs))
    program.autoload = programs.includes(name);
  return (await open.load()) as unknown as BpfObject<Shape>;
}
