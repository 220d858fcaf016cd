import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { BpfProgram } from '../../object/index.js';
import { type Attachment, attachmentOf, pinnedMaps } from './attachment.js';

/** What was loaded of an object. */
interface Loaded extends Disposable {
  readonly programs: Readonly<Record<string, BpfProgram>>;
}

/**
 * The links of programs, pinned in a directory below that of the maps by which they judge: a pin has the name of its
 * program, and tells from which build it is.
 */
export class PinnedLinks {
  readonly #directory: string;
  readonly #above: string;
  readonly #maps: readonly string[];

  /** @param maps - the names of the maps that are pinned in the directory above */
  constructor(above: string, name: string, maps: readonly string[]) {
    this.#above = above;
    this.#directory = join(above, name);
    this.#maps = maps;
  }

  /** The programs that the pins are named after, whatever is behind them. */
  named(): string[] {
    return programsOf(this.#pins());
  }

  /** The programs that are attached, and judge by the maps that are pinned. */
  programs(): string[] {
    return programsOf(this.#those('attached'));
  }

  /** A program that is attached and judges by other maps, if there is one. */
  elsewhere(): { program: string; path: string } | undefined {
    const [pin] = this.#those('elsewhere');
    return pin === undefined ? undefined : { program: programOf(pin), path: join(this.#directory, pin) };
  }

  /**
   * Attaches programs of an object, except those that are. One that another build has attached is taken away after its
   * successor is there.
   *
   * @param file - the object that they are in
   * @param load - loads those that are missing
   */
  async attach(
    programs: readonly string[],
    file: URL,
    load: (programs: readonly string[]) => Promise<Loaded>,
  ): Promise<void> {
    // bpffs takes no dots.
    const pinOf = (program: string) => `${program}-${buildOf(file)}`;
    const attached = this.#those('attached');
    const missing = programs.filter((program) => !attached.includes(pinOf(program)));
    if (missing.length > 0) {
      using loaded = await load(missing);
      for (const program of missing) this.#pin(loaded.programs[program] as BpfProgram, pinOf(program));
    }
    for (const pin of this.#pins()) {
      const program = programOf(pin);
      if (programs.includes(program) && pin !== pinOf(program)) this.#detach(pin);
    }
  }

  /** Takes those away that are not among these. */
  keepOnly(programs: readonly string[]): void {
    for (const pin of this.#pins()) if (!programs.includes(programOf(pin))) this.#detach(pin);
  }

  removeDirectory(): void {
    if (existsSync(this.#directory) && this.#pins().length === 0) rmdirSync(this.#directory);
  }

  #pin(program: BpfProgram, pin: string): void {
    const path = join(this.#directory, pin);
    using link = program.attach();
    // What somebody else has put there.
    if (existsSync(path)) unlinkSync(path);
    link.pin(path);
  }

  // kernel/bpf/inode.c: the last pin gone, the program is detached a moment later, by a worker.
  #detach(pin: string): void {
    unlinkSync(join(this.#directory, pin));
  }

  #pins(): string[] {
    return existsSync(this.#directory) ? readdirSync(this.#directory) : [];
  }

  #those(wanted: Attachment): string[] {
    const maps = pinnedMaps(this.#above, this.#maps);
    return this.#pins().filter(
      (pin) => attachmentOf(join(this.#directory, pin), programOf(pin), maps) === wanted,
    );
  }
}

function programsOf(pins: readonly string[]): string[] {
  return [...new Set(pins.map(programOf))].sort();
}

function programOf(pin: string): string {
  return pin.replace(/-[0-9a-f]+$/, '');
}

const builds = new Map<string, string>();

function buildOf(file: URL): string {
  const known = builds.get(file.href);
  if (known !== undefined) return known;
  const build = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16);
  builds.set(file.href, build);
  return build;
}
