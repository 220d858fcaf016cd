import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type BpfProgram, Link } from '../../object/index.js';

/** The links of programs, pinned in a directory: a pin has the name of its program, and tells from which build it is. */
export class PinnedLinks {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The programs that are attached. */
  programs(): string[] {
    return [...new Set(this.pins().map(programOf))].sort();
  }

  pins(): string[] {
    return existsSync(this.#directory) ? readdirSync(this.#directory) : [];
  }

  /**
   * Attaches a program, unless it is. One that another build has attached is taken away after its successor is there.
   *
   * @param file - the object that it is in
   */
  async attach(program: string, file: URL, load: () => Promise<BpfProgram>): Promise<void> {
    // bpffs takes no dots.
    const pin = `${program}-${buildOf(file)}`;
    if (!existsSync(join(this.#directory, pin))) {
      using link = (await load()).attach();
      link.pin(join(this.#directory, pin));
    }
    for (const other of this.pins()) if (programOf(other) === program && other !== pin) this.#detach(other);
  }

  /** Takes those away that are not among these. */
  keepOnly(programs: readonly string[]): void {
    for (const pin of this.pins()) if (!programs.includes(programOf(pin))) this.#detach(pin);
  }

  removeDirectory(): void {
    if (existsSync(this.#directory) && this.pins().length === 0) rmdirSync(this.#directory);
  }

  // kernel/bpf/inode.c: the last pin gone, the program is detached a moment later, by a worker.
  #detach(pin: string): void {
    const path = join(this.#directory, pin);
    Link.open(path)[Symbol.dispose]();
    unlinkSync(path);
  }
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
