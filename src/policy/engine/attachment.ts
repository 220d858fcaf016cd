import { join } from 'node:path';
import { BpfError } from '../../errors.js';
import { native } from '../../native.js';
import { Link } from '../../object/index.js';

/**
 * What is behind the pin of a link: the program of that name, which judges by the maps that are pinned beside it
 * (`attached`) or by others (`elsewhere`); or something that is no link of it at all.
 */
export type Attachment = 'attached' | 'elsewhere' | 'none';

// include/linux/bpf.h BPF_OBJ_NAME_LEN, with the NUL.
const NAME_LENGTH = 15;

/** The ids of maps that are pinned in a directory, by the names that the kernel has for them. */
export function pinnedMaps(directory: string, names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    names.flatMap((name) => {
      const pin = native().inventoryPin(join(directory, name));
      return pin?.kind === 'map' ? [[name.slice(0, NAME_LENGTH), pin.id] as const] : [];
    }),
  );
}

/**
 * Whoever may not look at programs by their ids (without CAP_SYS_ADMIN, or because of a policy) believes what the pin says.
 *
 * Linux 5.8; kernel/bpf/syscall.c bpf_link_get_info_by_fd(), bpf_prog_get_info_by_fd().
 */
export function attachmentOf(path: string, program: string, maps: ReadonlyMap<string, number>): Attachment {
  const id = programBehind(path);
  if (id === undefined) return 'none';
  try {
    const found = native().inventoryProgram(id);
    if (found?.name !== program.slice(0, NAME_LENGTH)) return 'none';
    return found.mapIds.every((map) => isAmong(maps, map)) ? 'attached' : 'elsewhere';
  } catch (error) {
    if (error instanceof BpfError && /^(EPERM|EACCES)$/.test(error.code)) return 'attached';
    throw error;
  }
}

/** The id of the program that a link attaches; undefined for what is no link. */
function programBehind(path: string): number | undefined {
  try {
    using link = Link.open(path);
    return link.info().programId;
  } catch (error) {
    // kernel/bpf/inode.c bpf_inode_type(): EACCES is the answer for a file that is no pin.
    if (error instanceof BpfError && /^(ERR_BPF_WRONG_KIND|ENOENT|EACCES)$/.test(error.code))
      return undefined;
    throw error;
  }
}

/** Whether a map is the one of its name, or none that is pinned. */
function isAmong(maps: ReadonlyMap<string, number>, id: number): boolean {
  const name = native().inventoryMap(id)?.name ?? '';
  return (maps.get(name) ?? id) === id;
}
