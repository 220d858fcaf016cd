import { existsSync, mkdirSync, readdirSync, rmdirSync, statfsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BpfError } from '../../errors.js';
import { BpfObject, type Maps, type OpenProgram } from '../../object/index.js';
import { ALL_PROGRAMS, type EngineObject, type EngineProgram } from '../abilities/index.js';
import type { EngineShape } from './kernel-maps.js';
import { PinnedLinks } from './pinned-links.js';

const objectFile = (name: EngineObject) => new URL(`../../../dist/bpf/engine/${name}.bpf.o`, import.meta.url);

// include/uapi/linux/magic.h BPF_FS_MAGIC
const BPF_FS_MAGIC = 0xcafe4a11;

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
  readonly #objects = new Map<EngineObject, BpfObject<EngineShape>>();

  private constructor(directory: string) {
    this.#directory = directory;
    this.#links = linksOf(directory);
  }

  /** Whether something of an engine is pinned there. */
  static exist(directory: string): boolean {
    return existsSync(join(directory, 'control'));
  }

  /** The programs that are attached for an engine there. */
  static attachedIn(directory: string): string[] {
    return linksOf(directory).programs();
  }

  /**
   * @throws BpfError `ERR_BPF_MAP_MISMATCH` when an engine of another version is pinned there; `ERR_BPF_NOT_BPFFS`, and
   *   what loading throws
   */
  static async open(directory: string): Promise<KernelObjects> {
    makeDirectories(directory);
    const objects = new KernelObjects(directory);
    await objects.#object('files');
    return objects;
  }

  /** The maps, which are the same for all objects. */
  get maps(): Maps<EngineShape> {
    return (this.#objects.get('files') as BpfObject<EngineShape>).maps;
  }

  /**
   * Attaches those that are not attached yet, and pins their links. One that another build of the engine has attached is
   * taken away after its successor is there: both judge by the same maps, so that meanwhile nothing changes.
   */
  async attach(programs: readonly EngineProgram[]): Promise<void> {
    for (const { object, program } of programs) {
      await this.#links.attach(program, objectFile(object), async () =>
        (await this.#object(object)).loadProgram(program),
      );
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
    for (const object of this.#objects.values()) object.close();
    this.#objects.clear();
  }

  async #object(name: EngineObject): Promise<BpfObject<EngineShape>> {
    const found = this.#objects.get(name);
    if (found) return found;
    const open = BpfObject.open<EngineShape>(objectFile(name), { pinRoot: this.#directory });
    for (const { object, program } of ALL_PROGRAMS) {
      if (object === name) (open.programs[program] as OpenProgram).autoload = false;
    }
    const loaded = await open.load();
    this.#objects.set(name, loaded);
    return loaded;
  }
}

function linksOf(directory: string): PinnedLinks {
  return new PinnedLinks(join(directory, 'links'));
}

function makeDirectories(directory: string): void {
  mkdirSync(join(directory, 'links'), { recursive: true, mode: 0o700 });
  // statfs's f_type is a signed long on some architectures.
  if (statfsSync(directory).type >>> 0 === BPF_FS_MAGIC) return;
  throw new BpfError(`policies cannot be kept in ${directory}, which is not on a bpffs`, {
    code: 'ERR_BPF_NOT_BPFFS',
    reason: 'input',
    path: directory,
    hint: 'mount one with: mount -t bpf bpf /sys/fs/bpf -o mode=0700',
  });
}
