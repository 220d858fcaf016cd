import { BpfError, rephrase } from '../errors.js';
import { type NativeFoundBtf, type NativeFoundMap, type NativeFoundProgram, native } from '../native.js';
import { inInitialUserNamespace, type LinkInfo, linkInfoById } from '../object/index.js';
import { BtfLibrary } from './btf-library.js';
import { CgroupPaths } from './cgroups.js';
import type { BtfEntry, LinkEntry, MapEntry, ProgramEntry, Unreadable } from './entries.js';
import { findHolders, type Holders } from './holders.js';
import { findPins, type Pins } from './pins.js';

/** Every BPF object of the machine at about one moment; each list in the order of the ids. */
export interface Inventory {
  /** When the kernel was asked. */
  time: Date;
  programs: ProgramEntry[];
  maps: MapEntry[];
  links: LinkEntry[];
  btf: BtfEntry[];
  /** What is there, and may not be looked at; normally empty. */
  unreadable: Unreadable[];
}

/**
 * Lists every program, map, link and BTF object on this machine, whoever made it, with what keeps it there.
 *
 * It is no atomic picture, for the kernel has none to give: objects that vanish meanwhile are left out, and an id
 * may refer to one that was. Links are read before programs and these before maps, so that what a link or program
 * refers to is in the inventory unless it is gone. Pins are found on every bpffs that this process can reach, holders
 * among the processes that it can see. Only the process's own file system and pid namespaces count.
 *
 * Linux 5.8 (BPF_LINK_GET_NEXT_ID; full names and BTF names: 5.11); CAP_SYS_ADMIN. kernel/bpf/syscall.c
 * bpf_obj_get_next_id().
 *
 * @throws BpfError `EPERM` without CAP_SYS_ADMIN
 */
export async function inventory(): Promise<Inventory> {
  const time = new Date();
  const bootTime = time.getTime() - Number(native().nanosecondsSinceBoot()) / 1e6;
  const unreadable: Unreadable[] = [];
  const all = <T>(kind: Unreadable['kind'], find: (id: number) => T | null) =>
    everyOne(kind, find, unreadable);

  const links = await all('link', linkInfoById);
  const programs = await all('program', (id) => native().inventoryProgram(id));
  const maps = await all('map', (id) => native().inventoryMap(id));
  const btf = await all('btf', (id) => native().inventoryBtf(id));
  const pins = await findPins();
  const holders = await findHolders();

  const describe = new Describer({ links, programs, maps, btf, pins, holders, bootTime });
  return {
    time,
    programs: programs.map((program) => describe.program(program)),
    maps: maps.map((map) => describe.map(map)),
    links: links.map((link) => describe.link(link)),
    btf: btf.map((object) => describe.btf(object)),
    unreadable,
  };
}

/** So many objects are looked at before other work on the event loop gets its turn. */
const AT_A_TIME = 64;

async function everyOne<T>(
  kind: Unreadable['kind'],
  find: (id: number) => T | null,
  unreadable: Unreadable[],
): Promise<T[]> {
  const found: T[] = [];
  for (const [i, id] of idsOf(kind).entries()) {
    if (i % AT_A_TIME === AT_A_TIME - 1) await new Promise(setImmediate);
    try {
      const one = find(id);
      if (one !== null) found.push(one);
    } catch (error) {
      if (!(error instanceof BpfError) || error.errno === undefined) throw error;
      unreadable.push({ kind, id, code: error.code });
    }
  }
  return found;
}

function idsOf(kind: Unreadable['kind']): number[] {
  try {
    return native().inventoryIds(kind);
  } catch (cause) {
    if (!(cause instanceof BpfError) || cause.code !== 'EPERM') throw cause;
    const where = inInitialUserNamespace()
      ? 'run it as root, or give it CAP_SYS_ADMIN: CAP_BPF is not enough'
      : 'run it outside of this user namespace, where capabilities do not count for BPF';
    throw rephrase(cause, `cannot list the BPF objects of this machine: ${cause.message}`, {
      reason: 'permission',
      hint: where,
    });
  }
}

interface Findings {
  links: readonly LinkInfo[];
  programs: readonly NativeFoundProgram[];
  maps: readonly NativeFoundMap[];
  btf: readonly NativeFoundBtf[];
  pins: Pins;
  holders: Holders;
  bootTime: number;
}

const HOOK_PREFIX = 'bpf_lsm_';
/** include/uapi/linux/bpf.h BPF_OBJ_NAME_LEN, without the NUL. */
const LONGEST_NAME = 15;

class Describer {
  readonly #all: Findings;
  readonly #library: BtfLibrary;
  readonly #cgroups = new CgroupPaths();

  constructor(all: Findings) {
    this.#all = all;
    this.#library = new BtfLibrary(all.btf);
  }

  program(found: NativeFoundProgram): ProgramEntry {
    const { id, name, type, tag, createdByUid, loadTimeNs, btfId, memoryBytes } = found;
    const target = this.#library.functionName(found.targetObjectId, found.targetBtfId);
    const hook = this.#hook(found, target);
    return {
      id,
      name: this.#fullName(name, found),
      type,
      tag,
      ...(hook !== undefined && { hook }),
      ...(target !== undefined && { target }),
      uid: createdByUid,
      loadTime: new Date(this.#all.bootTime + Number(loadTimeNs) / 1e6),
      loadTimeNs,
      gplCompatible: found.gplCompatible,
      xlatedBytes: found.xlatedBytes,
      jitedBytes: found.jitedBytes,
      ...(memoryBytes !== undefined && { memoryBytes }),
      mapIds: found.mapIds,
      linkIds: this.#all.links.filter((link) => link.programId === id).map((link) => link.id),
      ...(btfId !== 0 && { btfId }),
      runCount: found.runCount,
      runTimeNs: found.runTimeNs,
      recursionMisses: found.recursionMisses,
      verifiedInstructions: found.verifiedInstructions,
      ...this.#kept('program', id),
    };
  }

  map(found: NativeFoundMap): MapEntry {
    const { btfId, ...rest } = found;
    return {
      ...rest,
      ...(btfId !== 0 && { btfId }),
      programIds: this.#all.programs.filter(({ mapIds }) => mapIds.includes(found.id)).map(({ id }) => id),
      ...this.#kept('map', found.id),
    };
  }

  link(found: LinkInfo): LinkEntry {
    const program = this.#all.programs.find(({ id }) => id === found.programId);
    const target = program && this.#library.functionName(program.targetObjectId, program.targetBtfId);
    const hook = program && this.#hook(program, target);
    const cgroupPath = found.type === 'cgroup' ? this.#cgroups.of(found.cgroupId) : undefined;
    return {
      ...found,
      ...(hook !== undefined && { hook }),
      ...(cgroupPath !== undefined && { cgroupPath }),
      ...this.#kept('link', found.id),
    };
  }

  btf(found: NativeFoundBtf): BtfEntry {
    const { id, name, ofKernel, bytes } = found;
    const ofThis = ({ btfId }: { btfId: number }) => btfId === id;
    return {
      id,
      ...(name !== '' && { name }),
      kernel: ofKernel,
      bytes,
      programIds: this.#all.programs.filter(ofThis).map((program) => program.id),
      mapIds: this.#all.maps.filter(ofThis).map((map) => map.id),
      holders: this.#all.holders.get(`btf ${id}`) ?? [],
    };
  }

  #kept(kind: 'program' | 'map' | 'link', id: number): Pick<ProgramEntry, 'pins' | 'holders'> {
    const { pins, holders } = this.#all;
    return { pins: pins.get(`${kind} ${id}`) ?? [], holders: holders.get(`${kind} ${id}`) ?? [] };
  }

  #fullName(cut: string, { btfId, functionTypeId }: NativeFoundProgram): string {
    if (cut.length < LONGEST_NAME) return cut;
    const name = this.#library.functionName(btfId, functionTypeId);
    return name?.startsWith(cut) ? name : cut;
  }

  #hook({ type }: NativeFoundProgram, target: string | undefined): string | undefined {
    return type === 'lsm' && target?.startsWith(HOOK_PREFIX) ? target.slice(HOOK_PREFIX.length) : undefined;
  }
}
