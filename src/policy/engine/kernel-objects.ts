import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BpfError, rephrase } from '../../errors.js';
import {
  BpfObject,
  type BpfProgram,
  type Maps,
  type OpenProgram,
  preparePinPath,
} from '../../object/index.js';
import type { EngineObject, EngineProgram } from '../abilities/index.js';
import { type Attachment, attachmentOf, pinnedMaps } from './attachment.js';
import type { EngineShape } from './kernel-maps.js';

const objectFile = (name: EngineObject) => new URL(`../../../dist/bpf/engine/${name}.bpf.o`, import.meta.url);

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
  readonly #holder: BpfObject<EngineShape>;

  private constructor(directory: string, holder: BpfObject<EngineShape>) {
    this.#directory = directory;
    this.#holder = holder;
  }

  /** Whether something of an engine is pinned there. */
  static exist(directory: string): boolean {
    return existsSync(join(directory, 'control'));
  }

  /**
   * @throws BpfError `ERR_BPF_MAP_MISMATCH` when an engine of another version is pinned there; `ERR_BPF_NOT_BPFFS`, and
   *   what loading throws
   */
  static async open(directory: string): Promise<KernelObjects> {
    makeDirectories(directory);
    return new KernelObjects(directory, await load(directory, 'files', []));
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
    const maps = pinnedMaps(this.#directory, MAPS);
    const elsewhere = this.#pins().find((pin) => this.#attachment(pin, maps) === 'elsewhere');
    if (elsewhere !== undefined) throw notWhole(this.#link(elsewhere), programOf(elsewhere));
  }

  /**
   * Whether these are still what is pinned, now that nobody else has the turn to take them away.
   *
   * @throws BpfError `EBUSY` when another process has taken them away since they were opened
   */
  assertPinned(): void {
    if (pinnedMaps(this.#directory, ['control']).get('control') !== this.maps.control.id)
      throw takenAway(this.#directory);
  }

  /**
   * Attaches those that are not attached yet, and pins their links. One that another build of the engine has attached is
   * taken away after its successor is there: both judge by the same maps, so that meanwhile nothing changes.
   */
  async attach(programs: readonly EngineProgram[]): Promise<void> {
    for (const object of new Set(programs.map((each) => each.object))) {
      await this.#attachOf(
        object,
        programs.filter((each) => each.object === object).map(({ program }) => program),
      );
    }
  }

  /** Those of an object together: for each load libbpf reads the types of the whole kernel. */
  async #attachOf(object: EngineObject, programs: readonly string[]): Promise<void> {
    const maps = pinnedMaps(this.#directory, MAPS);
    const missing = programs.filter(
      (program) => this.#attachment(pinOf(program, object), maps) !== 'attached',
    );
    if (missing.length > 0) {
      using loaded = await load(this.#directory, object, missing);
      for (const program of missing) {
        using link = (loaded.programs[program] as BpfProgram).attach();
        const pin = this.#link(pinOf(program, object));
        // What somebody else has put there.
        if (existsSync(pin)) unlinkSync(pin);
        link.pin(pin);
      }
    }
    for (const pin of this.#pins()) {
      const program = programOf(pin);
      if (programs.includes(program) && pin !== pinOf(program, object)) this.#detach(pin);
    }
  }

  /** Takes those away that are not among these. */
  detachAllBut(programs: readonly EngineProgram[]): void {
    const kept = new Set(programs.map(({ program }) => program));
    for (const pin of this.#pins()) if (!kept.has(programOf(pin))) this.#detach(pin);
  }

  /** The programs that are attached. */
  attached(): string[] {
    const maps = pinnedMaps(this.#directory, MAPS);
    const pins = this.#pins().filter((pin) => this.#attachment(pin, maps) === 'attached');
    return [...new Set(pins.map(programOf))].sort();
  }

  /** Takes everything away: the programs first, so that none is without its maps. */
  remove(): void {
    this.detachAllBut([]);
    for (const map of MAPS) {
      const pin = join(this.#directory, map);
      if (existsSync(pin)) unlinkSync(pin);
    }
    for (const directory of [join(this.#directory, 'links'), this.#directory]) {
      if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
    }
  }

  [Symbol.dispose](): void {
    this.#holder.close();
  }

  #pins(): string[] {
    const directory = join(this.#directory, 'links');
    return existsSync(directory) ? readdirSync(directory) : [];
  }

  #link(pin: string): string {
    return join(this.#directory, 'links', pin);
  }

  #attachment(pin: string, maps = pinnedMaps(this.#directory, MAPS)): Attachment {
    return attachmentOf(this.#link(pin), programOf(pin), maps);
  }

  // kernel/bpf/inode.c: the last pin gone, the program is detached a moment later, by a worker.
  #detach(pin: string): void {
    unlinkSync(this.#link(pin));
  }
}

/** The maps are pinned, and the same for all objects. */
async function load(
  directory: string,
  object: EngineObject,
  programs: readonly string[],
): Promise<BpfObject<EngineShape>> {
  const open = BpfObject.open<EngineShape>(objectFile(object), { pinRoot: directory });
  for (const [name, program] of Object.entries<OpenProgram>(open.programs))
    program.autoload = programs.includes(name);
  return open.load();
}

/** A pin has the name of its program, and tells from which build it is: bpffs takes no dots. */
function pinOf(program: string, object: EngineObject): string {
  return `${program}-${buildOf(object)}`;
}

function programOf(pin: string): string {
  return pin.replace(/-[0-9a-f]+$/, '');
}

const builds = new Map<EngineObject, string>();

function buildOf(object: EngineObject): string {
  const known = builds.get(object);
  if (known !== undefined) return known;
  const build = createHash('sha256')
    .update(readFileSync(objectFile(object)))
    .digest('hex')
    .slice(0, 16);
  builds.set(object, build);
  return build;
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
