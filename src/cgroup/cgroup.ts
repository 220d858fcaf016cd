import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describeValue } from '../btf/index.js';
import { BpfError } from '../errors.js';
import { native } from '../native.js';
import { type AttachedList, type AttachedOptions, attachedTo } from './attached.js';
import { type AttachedTree, type AttachedTreeOptions, attachedBelow } from './attached-tree.js';
import { detachProgram } from './detach.js';
import { fileIn, systemError, withDirectory } from './directory.js';
import { directoryOf, hierarchy } from './hierarchy.js';
import { removalOf } from './removal.js';
import { type Weakness, weaknessesOf } from './weaknesses.js';

/** How to wait for something. */
export interface WaitOptions {
  /** Aborting ends the waiting: it throws the signal's reason. */
  signal?: AbortSignal;
}

/**
 * A cgroup of the v2 hierarchy: one that exists, or existed, and no other that later takes its name.
 *
 * A value, not a resource: it holds the path and the id, and everything done with it makes sure first that the path still
 * leads to that id. The kernel gives an id once per boot (fs/kernfs/dir.c __kernfs_new_node()). So a cgroup that was
 * removed, and perhaps made anew, is told from this one: `ERR_BPF_CGROUP_GONE`.
 *
 * Works on hosts with cgroup v2 alone and on hybrid ones. Linux 4.10 (cgroup v2 programs).
 */
export class Cgroup {
  /** The absolute path of its directory. A cgroup of version 2 cannot be renamed or moved. */
  readonly path: string;
  /** Its id, the inode number of the directory: what bpf_get_current_cgroup_id() gives in a program. */
  readonly id: bigint;

  private constructor(path: string, id: bigint) {
    this.path = path;
    this.id = id;
  }

  /**
   * The cgroup whose directory this is.
   *
   * @param path - absolute, such as `/sys/fs/cgroup/system.slice`
   * @throws BpfError `ENOENT`, `EACCES`; `ERR_BPF_NOT_CGROUP` for another directory, a cgroup of version 1 included;
   *   `ERR_BPF_ARGUMENT`
   */
  static open(path: string): Cgroup {
    return withDirectory(path, (_, id) => new Cgroup(posix.resolve(path), id));
  }

  /**
   * The top of the hierarchy, as far as this process sees it.
   *
   * @throws BpfError `ERR_BPF_NO_CGROUP2` where none is mounted
   */
  static root(): Cgroup {
    return Cgroup.open(hierarchy().mountPoint);
  }

  /**
   * The cgroup a process is in.
   *
   * @param pid - a process id, or `'self'`
   * @throws BpfError `ENOENT` when there is no such process, `ERR_BPF_NO_CGROUP2`; `ERR_BPF_CGROUP_OUTSIDE` when its
   *   cgroup is not below what is mounted here, as seen from within a container
   */
  static ofProcess(pid: number | 'self'): Cgroup {
    if (pid !== 'self' && !isPid(pid)) throw noPid(pid);
    const name = unifiedNameIn(readProcessCgroups(pid));
    const path = directoryOf(hierarchy(), name);
    if (path !== undefined) return Cgroup.open(path);
    throw new BpfError(`process ${pid} is in cgroup ${name}, which is above all that is mounted here`, {
      code: 'ERR_BPF_CGROUP_OUTSIDE',
      reason: 'input',
      path: name,
    });
  }

  /**
   * The cgroup with an id, such as a link or an event tells. Without CAP_DAC_READ_SEARCH it is looked for from the top
   * down.
   *
   * @throws BpfError `ERR_BPF_CGROUP_GONE` when no cgroup that this process sees has it
   */
  static byId(id: bigint): Cgroup {
    const path = pathById(id);
    if (path !== null) {
      const found = path === undefined ? find(Cgroup.root(), id) : openIfAny(path);
      if (found?.id === id) return found;
    }
    throw new BpfError(`there is no cgroup with id ${id}`, { code: 'ERR_BPF_CGROUP_GONE', reason: 'input' });
  }

  /**
   * Makes a cgroup, and those above it that are missing.
   *
   * @throws BpfError `EEXIST` when it is there already; `EACCES`, `EPERM`; `ERR_BPF_NOT_CGROUP` when the path is not in
   *   the hierarchy
   */
  static create(path: string): Cgroup {
    const above = posix.dirname(path);
    // Before anything is made: a directory must not be left behind where there are no cgroups.
    withDirectory(nearestExisting(above), () => undefined);
    try {
      mkdirSync(above, { recursive: true });
      mkdirSync(path);
    } catch (cause) {
      throw systemError('create the cgroup', path, cause);
    }
    return Cgroup.open(path);
  }

  /** Its last name; empty for the top of the hierarchy. */
  get name(): string {
    return this.path === hierarchy().mountPoint ? '' : posix.basename(this.path);
  }

  /** Whether it was removed, also when another has taken its name since. */
  get removed(): boolean {
    try {
      return withDirectory(this.path, (_, id) => id !== this.id);
    } catch (error) {
      if (isMissing(error)) return true;
      throw error;
    }
  }

  /**
   * Whether it, or a cgroup below it, has processes.
   *
   * @throws BpfError `ERR_BPF_CGROUP_GONE`
   */
  get populated(): boolean {
    const events = this.#read('cgroup.events');
    // The top of the hierarchy has no such file, and always has processes.
    return events === undefined || /^populated 1$/m.test(events);
  }

  /** The cgroup above; undefined for the top of the hierarchy. */
  get parent(): Cgroup | undefined {
    return this.path === hierarchy().mountPoint ? undefined : Cgroup.open(posix.dirname(this.path));
  }

  /**
   * A cgroup below this one.
   *
   * @param name - its name, or several joined by slashes
   * @throws BpfError as {@link Cgroup.open} does; `ERR_BPF_CGROUP_GONE`
   */
  child(name: string): Cgroup {
    this.use(() => undefined);
    return Cgroup.open(this.#below(name));
  }

  /**
   * Makes a cgroup below this one.
   *
   * @param name - its name, or several joined by slashes
   * @throws BpfError as {@link Cgroup.create} does; `ERR_BPF_CGROUP_GONE`
   */
  createChild(name: string): Cgroup {
    this.use(() => undefined);
    return Cgroup.create(this.#below(name));
  }

  /**
   * The cgroups directly below, by name; those that vanish while looking are left out.
   *
   * @throws BpfError `ERR_BPF_CGROUP_GONE`
   */
  children(): Cgroup[] {
    const names = this.use((fd) =>
      readdirSync(`/proc/self/fd/${fd}`, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort(),
    );
    return names.flatMap((name) => {
      try {
        return [Cgroup.open(posix.join(this.path, name))];
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    });
  }

  /** This cgroup and all below it, each before those below it. */
  *subtree(): IterableIterator<Cgroup> {
    yield this;
    const children = this.removed ? [] : this.children();
    for (const child of children) yield* child.subtree();
  }

  /** Whether `other` is this cgroup or one below it. */
  contains(other: Cgroup): boolean {
    const below = posix.relative(this.path, other.path);
    return below === '' ? other.id === this.id : below !== '..' && !below.startsWith('../');
  }

  /**
   * The ids of the processes in it; of those that this process's PID namespace does not know, 0.
   *
   * @throws BpfError `ERR_BPF_CGROUP_GONE`, `EOPNOTSUPP` for a threaded cgroup
   */
  processes(): number[] {
    return (this.#read('cgroup.procs') ?? '').split('\n').filter(Boolean).map(Number);
  }

  /**
   * Moves a process into it, with all its threads. Processes that it starts from then on are in it too.
   *
   * @param pid - a process id
   * @throws BpfError `ESRCH` when there is no such process, `EACCES` or `EPERM` when you may not move it, `EBUSY` when
   *   this cgroup hands controllers to cgroups below it (the rule that only leaves have processes),
   *   `ERR_BPF_CGROUP_GONE`
   */
  add(pid: number): void {
    if (!isPid(pid)) throw noPid(pid);
    this.#write('cgroup.procs', String(pid), `move process ${pid} into`);
  }

  /**
   * Kills every process in it and below it.
   *
   * Linux 5.14 (cgroup.kill).
   *
   * @throws BpfError `ERR_BPF_CGROUP_GONE`, `EACCES`; `ENOENT` for the top of the hierarchy
   */
  kill(): void {
    this.#write('cgroup.kill', '1', 'kill the processes of');
  }

  /**
   * Removes it. Programs attached to it are detached by the kernel; their links stay, defunct.
   *
   * @throws BpfError `EBUSY` while it has processes or cgroups below it, `EACCES`, `ERR_BPF_CGROUP_GONE`
   */
  remove(): void {
    this.use(() => {
      try {
        rmdirSync(this.path);
      } catch (cause) {
        const hint = 'move its processes elsewhere and remove the cgroups below it first';
        const busy = (cause as NodeJS.ErrnoException).code === 'EBUSY';
        throw systemError('remove the cgroup', this.path, cause, busy ? { hint } : {});
      }
    });
  }

  /**
   * Resolves when it has been removed; at once when it is removed already.
   *
   * @throws the reason of `options.signal`
   */
  async whenRemoved(options: WaitOptions = {}): Promise<void> {
    await removalOf(this.path, () => this.removed, options.signal);
  }

  /**
   * The programs that are attached to it, whoever did that and how, by attach types and LSM hooks; with `effective` those
   * that run for it, inherited ones included. Each list is in the order in which they run.
   *
   * Linux 6.0 (the programs of LSM hooks); CAP_NET_ADMIN, and CAP_SYS_ADMIN for names, hooks and links.
   * kernel/bpf/cgroup.c cgroup_bpf_prog_query().
   *
   * @throws BpfError `ERR_BPF_CGROUP_GONE`, `EPERM`; `ERR_BPF_NOT_SUPPORTED` for an attach type that this kernel does not
   *   have; `ERR_BPF_ARGUMENT`
   */
  attached(options: AttachedOptions = {}): AttachedList[] {
    return attachedTo(this, options);
  }

  /**
   * The same of it and of all cgroups below it, as a tree, with `weaknesses` those of each. The links of the machine are
   * looked through once. It is no atomic picture: cgroups that vanish while looking are left out.
   *
   * @throws BpfError as {@link Cgroup.attached} does
   */
  attachedTree(options: AttachedTreeOptions = {}): AttachedTree {
    return attachedBelow(this, options);
  }

  /**
   * Detaches a program that somebody attached by the older call of BPF_PROG_ATTACH, which leaves no link behind: to clean
   * up. What a link attaches, `Link.openById(id).detach()` detaches.
   *
   * CAP_SYS_ADMIN and CAP_NET_ADMIN; kernel/bpf/cgroup.c cgroup_bpf_prog_detach().
   *
   * @param attachType - libbpf's name of it, as {@link Cgroup.attached} tells it
   * @throws BpfError `ENOENT` when it is not attached to this very cgroup so, `ERR_BPF_NOT_SUPPORTED` when a link attaches
   *   it, `ESTALE` when the list has just changed (Linux 6.17), `EPERM`, `ERR_BPF_CGROUP_GONE`
   */
  detachProgram(programId: number, attachType: string): void {
    detachProgram(this, programId, attachType);
  }

  /**
   * What may keep a denial from holding for this cgroup and those below: the ways in which the programs that run for it
   * were attached, and those that take back what others deny. Programs that links attach without preorder, and that never
   * call bpf_set_retval(0), cannot be undone from below.
   *
   * CAP_NET_ADMIN and CAP_SYS_ADMIN; without the latter there are findings of the kind `unknown`.
   *
   * @returns nothing where all holds
   * @throws BpfError `ERR_BPF_CGROUP_GONE`, `EPERM`
   */
  weaknesses(): Weakness[] {
    return weaknessesOf(this);
  }

  /** Its path. */
  toString(): string {
    return this.path;
  }

  /**
   * Lends its directory, open, after making sure that it is still this cgroup's. @internal
   *
   * @throws BpfError `ERR_BPF_CGROUP_GONE`
   */
  use<T>(work: (fd: number) => T): T {
    let found = false;
    try {
      return withDirectory(this.path, (fd, id) => {
        if (id !== this.id) throw this.#gone('another has its name now');
        found = true;
        return work(fd);
      });
    } catch (error) {
      // What was not found may as well be something that the work looked for.
      throw isMissing(error) && (!found || this.removed) ? this.#gone() : error;
    }
  }

  #below(name: string): string {
    if (typeof name === 'string' && name !== '' && !name.split('/').includes('..'))
      return posix.join(this.path, name);
    throw new BpfError(`${describeValue(name)} is no name of a cgroup below ${this.path}`, {
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
    });
  }

  /** A file of the cgroup; undefined when it has none of this name. */
  #read(file: string): string | undefined {
    return this.use((fd) => {
      try {
        return readFileSync(fileIn(fd, file), 'utf8');
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && !this.removed) return undefined;
        throw this.#failure(`read ${file} of`, cause);
      }
    });
  }

  #write(file: string, text: string, what: string): void {
    this.use((fd) => {
      try {
        writeFileSync(fileIn(fd, file), text, { flag: 'r+' });
      } catch (cause) {
        throw this.#failure(what, cause);
      }
    });
  }

  /** A file operation fails with ENODEV once the cgroup is dead (kernel/cgroup/cgroup.c cgroup_kn_lock_live()). */
  #failure(what: string, cause: unknown): BpfError {
    return this.removed ? this.#gone() : systemError(what, this.path, cause);
  }

  #gone(more?: string): BpfError {
    const message = `cgroup ${this.path} (id ${this.id}) has been removed${more ? `, and ${more}` : ''}`;
    return new BpfError(message, { code: 'ERR_BPF_CGROUP_GONE', reason: 'input', path: this.path });
  }
}

function find(from: Cgroup, id: bigint): Cgroup | undefined {
  for (const cgroup of from.subtree()) if (cgroup.id === id) return cgroup;
  return undefined;
}

/** Where the kernel says it is, null for nowhere; undefined when it does not tell this process. */
function pathById(id: bigint): string | null | undefined {
  try {
    return native().cgroupPathById(hierarchy().mountPoint, id);
  } catch (error) {
    if (error instanceof BpfError && error.code === 'EPERM') return undefined;
    throw error;
  }
}

/** What the kernel named may be gone by now, or be above all that is mounted here. */
function openIfAny(path: string): Cgroup | undefined {
  try {
    return Cgroup.open(path);
  } catch (error) {
    if (isMissing(error) || (error as BpfError).code === 'ERR_BPF_NOT_CGROUP') return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof BpfError && (error.code === 'ENOENT' || error.code === 'ENODEV');
}

function isPid(pid: unknown): pid is number {
  return typeof pid === 'number' && Number.isInteger(pid) && pid > 0;
}

function noPid(pid: unknown): BpfError {
  return new BpfError(`${describeValue(pid)} is no process id`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
  });
}

function readProcessCgroups(pid: number | 'self'): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  } catch (cause) {
    throw systemError('tell the cgroup of process', String(pid), cause);
  }
}

// The line of the v2 hierarchy has the number 0 and no controllers (Documentation/admin-guide/cgroup-v2.rst).
function unifiedNameIn(cgroups: string): string {
  const name = /^0::(.*)$/m.exec(cgroups)?.[1];
  if (name !== undefined) return name.replace(/ \(deleted\)$/, '');
  throw new BpfError('this kernel has no cgroup v2 hierarchy: BPF programs attach to cgroup v2 only', {
    code: 'ERR_BPF_NO_CGROUP2',
    reason: 'kernel',
  });
}

function nearestExisting(path: string): string {
  for (let directory = path; ; directory = posix.dirname(directory)) {
    try {
      withDirectory(directory, () => undefined);
      return directory;
    } catch (error) {
      if (!isMissing(error) || directory === '/') throw error;
    }
  }
}
