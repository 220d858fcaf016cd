import { closeSync, openSync } from 'node:fs';
import { BpfObject, type Cgroup, type Link } from 'bpf-lsm';
import type { OnlyListed } from '../build/only_listed.js';

const OBJECT = new URL('../build/only_listed.bpf.o', import.meta.url);

/** While it is open, the processes of a cgroup start listed programs only. */
export class Guard implements Disposable {
  readonly #object: BpfObject<OnlyListed>;
  readonly #link: Link;
  readonly #files: readonly number[];

  private constructor(object: BpfObject<OnlyListed>, programs: readonly string[]) {
    this.#object = object;
    // The kernel forgets what it has noted of a file when nobody has the file open any more.
    this.#files = programs.map((program) => openSync(program, 'r'));
    for (const file of this.#files) object.maps.listed.set(file, 1);
    this.#link = object.programs.only_listed.attach();
  }

  /**
   * @param cgroup - whose processes, and those of the cgroups below it
   * @param programs - paths of what they may start; with a script goes its interpreter
   */
  static async start(cgroup: Cgroup, programs: readonly string[]): Promise<Guard> {
    const open = BpfObject.open<OnlyListed>(OBJECT);
    open.globals.guarded_cgroup = cgroup.id;
    return new Guard(await open.load(), programs);
  }

  /** How many programs were not started. */
  get denied(): bigint {
    return this.#object.globals.denied;
  }

  [Symbol.dispose](): void {
    this.#link.close();
    this.#object.close();
    for (const file of this.#files) closeSync(file);
  }
}
