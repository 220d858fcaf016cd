import { existsSync, readdirSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BpfError, rephrase, usualReason } from '../../errors.js';
import { type BpfObject, type Maps, preparePinPath } from '../../object/index.js';
import type { EngineObject, EngineProgram } from '../abilities/index.js';
import { pinnedMaps } from './attachment.js';
import type { EngineShape } from './kernel-maps.js';
import { loadPrograms } from './load-programs.js';
import { PinnedLinks } from './pinned-links.js';

const objectFile = (name: EngineObject | 'maps') =>
  new URL(`../../../dist/bpf/engine/${name}.bpf.o`, import.meta.url);

/** The names of the pinned maps: those of the C source. */
const MAPS: readonly string[] = [
  'control',
  'generations',
  'anchors',
  'names',
  'scopes',
  'ids',
  'facts',
  'addresses',
  'ports',
  'unix_names',
  'sockets',
  'unix_connects',
  'denials',
  'sources',
  'memberships',
  'turns',
  'decisions',
  'decisions_dropped',
];

/**
 * The engine's maps and programs, as they are pinned below a directory: those that are there are taken over, those that
 * are not are made.
 */
export class KernelObjects implements Disposable {
  readonly #directory: string;
  readonly #links: PinnedLinks;
  /** What keeps the maps open: an object without programs. */
  readonly #holder: BpfObject<EngineShape>;

  private constructor(directory: string, holder: BpfObject<EngineShape>) {
    this.#directory = directory;
    this.#links = linksOf(directory);
    this.#holder = holder;
  }

  /**
   * Whether something of an engine is pinned there.
   *
   * @throws BpfError `EACCES` for who may not look
   */
  static exist(directory: string): boolean {
    try {
      statSync(join(directory, 'control'));
      return true;
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return false;
      throw unseen(directory, cause);
    }
  }

  /** The programs that are attached for an engine there, as the names of the pins have it: of a guarded one they are right. */
  static attachedIn(directory: string): string[] {
    return linksOf(directory).named();
  }

  /**
   * @throws BpfError `ERR_BPF_MAP_MISMATCH` when an engine of another version is pinned there; `ERR_BPF_NOT_BPFFS`, and
   *   what loading throws
   */
  static async open(directory: string): Promise<KernelObjects> {
    makeDirectories(directory);
    return new KernelObjects(directory, await loadPrograms<EngineShape>(objectFile('maps'), directory, []));
  }

  get maps(): Maps<EngineShape> {
    return this.#holder.maps;
  }

  /**
   * Whether what is pinned belongs together. Otherwise nothing is to be changed: what the programs judge by would stay as it
   * is, and what is pinned would have no effect.
   *
   * @throws BpfError `ERR_BPF_STATE` when programs are attached that judge by other maps
   */
  assertWhole(): void {
    const elsewhere = this.#links.elsewhere();
    if (elsewhere) throw notWhole(elsewhere.path, elsewhere.program);
  }

  /**
   * Whether these are still what is pinned, now that nobody else has the turn to take them away.
   *
   * @throws BpfError `EBUSY` when another process has taken them away since they were opened
   */
  assertPinned(): void {
    const pinned = new Set(pinnedMaps(this.#directory, MAPS).values());
    const held = Object.entries(this.maps).filter(([name]) => MAPS.includes(name));
    if (held.some(([, { id }]) => !pinned.has(id))) throw takenAway(this.#directory);
  }

  /**
   * Attaches those that are not attached yet, and pins their links. One that another build of the engine has attached is
   * taken away after its successor is there: both judge by the same maps, so that meanwhile nothing changes.
   */
  async attach(programs: readonly EngineProgram[]): Promise<void> {
    for (const object of new Set(programs.map((each) => each.object))) {
      const file = objectFile(object);
      const wanted = programs.filter((each) => each.object === object).map(({ program }) => program);
      await this.#links.attach(wanted, file, (missing) => loadPrograms(file, this.#directory, missing));
    }
  }

  /** Takes those away that are not among these. */
  detachAllBut(programs: readonly EngineProgram[]): void {
    this.#links.keepOnly(programs.map(({ program }) => program));
  }

  /** The programs that are attached. */
  attached(): string[] {
    return this.#links.programs();
  }

  /** Takes everything away: the programs first, so that none is without its maps. */
  remove(): void {
    this.detachAllBut([]);
    for (const map of MAPS) {
      const pin = join(this.#directory, map);
      if (existsSync(pin)) unlinkSync(pin);
    }
    this.#links.removeDirectory();
    if (existsSync(this.#directory) && readdirSync(this.#directory).length === 0) rmdirSync(this.#directory);
  }

  [Symbol.dispose](): void {
    this.#holder.close();
  }
}

function linksOf(directory: string): PinnedLinks {
  return new PinnedLinks(directory, 'links', MAPS);
}

function makeDirectories(directory: string): void {
  try {
    preparePinPath(join(directory, 'links', 'program'));
  } catch (cause) {
    if (!(cause instanceof BpfError) || cause.code !== 'ERR_BPF_NOT_BPFFS') throw cause;
    throw rephrase(cause, `policies cannot be kept in ${directory}, which is not on a bpffs`, {
      path: directory,
    });
  }
}

function unseen(directory: string, cause: NodeJS.ErrnoException): BpfError {
  const { code = 'EIO', errno } = cause;
  return new BpfError(`cannot see whether there are policies in ${directory}: ${cause.message}`, {
    code,
    reason: usualReason(code),
    ...(errno !== undefined && { errno }),
    syscall: 'stat',
    path: directory,
    cause,
    ...(code === 'EACCES' && { hint: 'do this as root' }),
  });
}

function takenAway(directory: string): BpfError {
  return new BpfError(`the policies in ${directory} were taken away by another process just now`, {
    code: 'EBUSY',
    reason: 'input',
    path: directory,
    hint: 'try again',
  });
}

function notWhole(path: string, program: string): BpfError {
  return new BpfError(`${program} is attached, and judges by other maps than those that are pinned`, {
    code: 'ERR_BPF_STATE',
    reason: 'input',
    program,
    path,
    hint: 'somebody has replaced pins: remove all policies and apply them again',
  });
}
