import { BpfError } from '../errors.js';
import { type NativeFoundProgram, native } from '../native.js';
import {
  attachTypeNumber,
  CGROUP_ATTACH_TYPES,
  type CgroupLinkInfo,
  cgroupLinks,
  functionName,
  type TakingBack,
  takingBackById,
  withoutHookPrefix,
} from '../object/index.js';
import type { AttachedProgram, AttachFlag } from './attached.js';
import type { Cgroup } from './cgroup.js';
import type { Level } from './effective.js';
import { groupBy } from './group.js';

/** The programs of an attach type on a cgroup, of all hooks. */
interface Found {
  ids: number[];
  flags: AttachFlag[][];
  revision: bigint;
}

// include/uapi/linux/bpf.h
const FLAGS: readonly (readonly [flag: AttachFlag, bit: number])[] = [
  ['override', 1 << 0],
  ['multi', 1 << 1],
  ['preorder', 1 << 6],
];

/** What was asked of the kernel for one answer, so that each question is asked once. */
export class Survey {
  readonly #programs = new Map<number, NativeFoundProgram | undefined>();
  readonly #takingBack = new Map<number, TakingBack>();
  readonly #found = new Map<string, Found | null>();
  readonly #missing = new Set<string>();
  readonly #above = new Map<bigint, Cgroup[]>();
  #links: { seen: 'all' | 'own'; byPlace: Map<string, CgroupLinkInfo[]> } | undefined;

  /** Those that this kernel may have. */
  attachTypes(): string[] {
    return CGROUP_ATTACH_TYPES.filter((type) => !this.#missing.has(type));
  }

  /** Null for an attach type that this kernel does not have. */
  query(cgroup: Cgroup, attachType: string, effective: boolean): Found | null {
    const key = `${cgroup.id} ${attachType} ${effective}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const found = this.#ask(cgroup, attachType, effective);
    if (found === null) this.#missing.add(attachType);
    this.#found.set(key, found);
    return found;
  }

  /** The ids of one hook, or of all programs for other attach types. */
  idsOf(cgroup: Cgroup, attachType: string, hook: string | undefined, effective: boolean): number[] {
    const ids = this.query(cgroup, attachType, effective)?.ids ?? [];
    return attachType === 'lsm_cgroup' ? ids.filter((id) => this.hookOf(id) === hook) : ids;
  }

  /** What is attached to the cgroup and to those above it, as far as they can be seen, from the cgroup up. */
  levels(cgroup: Cgroup, attachType: string, hook: string | undefined): Level[] {
    return [cgroup, ...this.#cgroupsAbove(cgroup)].map((each) => {
      const found = this.query(each, attachType, false);
      const programs = (found?.ids ?? []).map((programId, at) => ({
        programId,
        flags: found?.flags[at] ?? [],
      }));
      const onHook = programs.filter(({ programId }) => this.hookOf(programId) === hook);
      return { cgroup: each, programs: attachType === 'lsm_cgroup' ? onHook : programs };
    });
  }

  /** Undefined when the program is gone, or may not be looked at. */
  nameOf(id: number): string | undefined {
    return this.#program(id)?.name;
  }

  /** The LSM hook; undefined for other programs, and for one that may not be looked at. */
  hookOf(id: number): string | undefined {
    const program = this.#program(id);
    if (program?.type !== 'lsm') return undefined;
    const target = functionName(program.targetObjectId, program.targetBtfId);
    return target && withoutHookPrefix(target);
  }

  /**
   * Whether it takes back what others deny.
   * @internal
   */
  takingBack(id: number): TakingBack {
    const known = this.#takingBack.get(id) ?? takingBackById(id);
    this.#takingBack.set(id, known);
    return known;
  }

  /** By what a program is attached to a cgroup. */
  attachment(
    cgroup: Cgroup,
    attachType: string,
    hook: string | undefined,
    programId: number,
  ): Pick<AttachedProgram, 'attachedBy' | 'linkId'> {
    const { seen, byPlace } = this.#cgroupLinks();
    const [link, ...more] = byPlace.get(placeOf(cgroup.id, attachType, programId)) ?? [];
    const times = this.idsOf(cgroup, attachType, hook, false).filter((id) => id === programId).length;
    if (link && more.length + 1 === times) {
      return { attachedBy: 'link', ...(times === 1 && { linkId: link.id }) };
    }
    return { attachedBy: !link && seen === 'all' ? 'call' : 'unknown' };
  }

  #ask(cgroup: Cgroup, attachType: string, effective: boolean): Found | null {
    const found = cgroup.use((fd) => native().cgroupPrograms(fd, attachTypeNumber(attachType), effective));
    if (found === null) return null;
    const each = [...found.programs];
    return {
      ids: each.filter((_, at) => at % 2 === 0),
      flags: each.filter((_, at) => at % 2 === 1).map(flagsOf),
      revision: found.revision,
    };
  }

  #program(id: number): NativeFoundProgram | undefined {
    if (!this.#programs.has(id)) this.#programs.set(id, readProgram(id));
    return this.#programs.get(id);
  }

  #cgroupsAbove(cgroup: Cgroup): Cgroup[] {
    const known = this.#above.get(cgroup.id);
    if (known) return known;
    const { parent } = cgroup;
    const above = parent ? [parent, ...this.#cgroupsAbove(parent)] : [];
    this.#above.set(cgroup.id, above);
    return above;
  }

  #cgroupLinks(): { seen: 'all' | 'own'; byPlace: Map<string, CgroupLinkInfo[]> } {
    if (this.#links === undefined) {
      const { seen, links } = cgroupLinks();
      const byPlace = groupBy(links, ({ cgroupId, attachType, programId }) =>
        placeOf(cgroupId, attachType, programId),
      );
      this.#links = { seen, byPlace };
    }
    return this.#links;
  }
}

function placeOf(cgroupId: bigint, attachType: string, programId: number): string {
  return `${cgroupId} ${attachType} ${programId}`;
}

function flagsOf(bits: number): AttachFlag[] {
  return FLAGS.filter(([, bit]) => (bits & bit) !== 0).map(([flag]) => flag);
}

function readProgram(id: number): NativeFoundProgram | undefined {
  try {
    return native().inventoryProgram(id) ?? undefined;
  } catch (error) {
    if (error instanceof BpfError && error.code === 'EPERM') return undefined;
    throw error;
  }
}
