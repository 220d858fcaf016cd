import { posix } from 'node:path';
import type { ActedFile, Anchor, Entry, Step } from '../../src/policy/evaluate/index.js';
import type { Files, FoundFile } from '../../src/policy/files/index.js';

interface Inode {
  id: string;
  device: string;
  kind: 'file' | 'directory' | 'symlink';
  target: string;
  uid: number;
  setId: boolean;
}

class Dentry {
  readonly children = new Map<string, Dentry>();
  name: string;
  parent: Dentry | null;
  inode: Inode;

  constructor(name: string, parent: Dentry | null, inode: Inode) {
    this.name = name;
    this.parent = parent;
    this.inode = inode;
  }
}

interface Mount {
  root: Dentry;
  parent: Mount | null;
  mountpoint: Dentry | null;
}

interface Spot {
  mount: Mount;
  dentry: Dentry;
}

/** Directories, files, links and mounts, as the kernel has them: dentries and mounts, not strings. */
export class VirtualFiles implements Files {
  readonly #types = new Map<string, string>();
  readonly #mounts: Mount[] = [];
  readonly #root: Mount;
  #inodes = 0;

  constructor(paths: readonly string[] = []) {
    this.#root = { root: this.#newRoot('ext4'), parent: null, mountpoint: null };
    for (const path of paths) {
      if (path.endsWith('/')) this.mkdir(path.slice(0, -1));
      else this.write(path);
    }
  }

  mkdir(path: string): void {
    if (path === '' || path === '/' || this.#walk(path)) return;
    this.mkdir(posix.dirname(path));
    this.#add(path, this.#newInode(this.#parent(path).inode.device, 'directory'));
  }

  write(path: string, { uid = 0, setId = false } = {}): void {
    this.mkdir(posix.dirname(path));
    const inode = this.#newInode(this.#parent(path).inode.device, 'file');
    this.#add(path, { ...inode, uid, setId });
  }

  symlink(target: string, path: string): void {
    this.mkdir(posix.dirname(path));
    this.#add(path, { ...this.#newInode(this.#parent(path).inode.device, 'symlink'), target });
  }

  link(existing: string, path: string): void {
    this.mkdir(posix.dirname(path));
    this.#add(path, this.#at(existing).dentry.inode);
  }

  /** Over what is there, if something is. */
  rename(from: string, to: string): void {
    const { dentry } = this.#at(from, false);
    dentry.parent?.children.delete(dentry.name);
    dentry.parent = this.#parent(to);
    dentry.name = posix.basename(to);
    dentry.parent.children.set(dentry.name, dentry);
  }

  mount(type: string, path: string): void {
    this.#mountAt(this.#newRoot(type), path);
  }

  bind(source: string, path: string): void {
    this.#mountAt(this.#at(source).dentry, path);
  }

  anchor = (path: string): Anchor | null => {
    const inodes: string[] = [];
    const entries: Entry[] = [];
    for (let at = path, links = 0; links < 8; links++) {
      const parent = this.#walk(posix.dirname(at));
      if (at !== '/' && !parent) return links === 0 ? null : { inodes, entries };
      const spot = this.#walk(at, false);
      if (at !== '/' && parent) entries.push({ directory: parent.dentry.inode.id, name: posix.basename(at) });
      if (spot) inodes.push(spot.dentry.inode.id);
      if (spot?.dentry.inode.kind !== 'symlink') break;
      at = posix.resolve(this.#pathOf(parent as Spot), spot.dentry.inode.target);
    }
    return { inodes, entries };
  };

  file(path: string): ActedFile | null {
    const spot = this.#walk(path);
    if (spot) {
      const { uid, setId } = spot.dentry.inode;
      return { kind: 'file', steps: this.#up(spot), complete: true, attributes: { uid, setId } };
    }
    const parent = this.#walk(posix.dirname(path));
    if (!parent) return null;
    const steps = this.#up(parent);
    const [{ device, fileSystem } = { device: '', fileSystem: '' }] = steps;
    const entry = { directory: parent.dentry.inode.id, name: posix.basename(path) };
    const place: Step = { inode: null, entry, device, fileSystem };
    return { kind: 'file', steps: [place, ...steps], complete: true, attributes: null };
  }

  find(path: string): FoundFile | null {
    const spot = this.#walk(path);
    const parent = spot ?? this.#walk(posix.dirname(path));
    const kind = spot?.dentry.inode.kind ?? null;
    const real = spot ? this.#pathOf(spot) : path;
    const fileSystem = parent ? (this.#types.get(parent.dentry.inode.device) ?? null) : null;
    return { real, kind: kind === 'symlink' ? 'other' : kind, fileSystem };
  }

  #up({ mount, dentry }: Spot): Step[] {
    const { id, device } = dentry.inode;
    const { parent, name } = dentry;
    const step: Step = {
      inode: id,
      entry: parent && { directory: parent.inode.id, name },
      device,
      fileSystem: this.#types.get(device) ?? '',
    };
    if (parent) return [step, ...this.#up({ mount, dentry: parent })];
    if (!mount.parent || !mount.mountpoint) return [step];
    return [step, ...this.#up({ mount: mount.parent, dentry: mount.mountpoint })];
  }

  #pathOf({ mount, dentry }: Spot): string {
    if (dentry !== mount.root && dentry.parent) {
      return posix.join(this.#pathOf({ mount, dentry: dentry.parent }), dentry.name);
    }
    return mount.parent && mount.mountpoint
      ? this.#pathOf({ mount: mount.parent, dentry: mount.mountpoint })
      : '/';
  }

  /** Follows links; of the last name only if it is told to. */
  #walk(path: string, follow = true, links = 0): Spot | undefined {
    let spot: Spot = { mount: this.#root, dentry: this.#root.root };
    const names = path.split('/').filter((name) => name !== '');
    for (const [index, name] of names.entries()) {
      const dentry = spot.dentry.children.get(name);
      if (!dentry) return undefined;
      const last = index === names.length - 1;
      if (dentry.inode.kind === 'symlink' && (follow || !last)) {
        const rest = names.slice(index + 1).join('/');
        const target = posix.resolve(this.#pathOf(spot), dentry.inode.target, rest);
        return links > 8 ? undefined : this.#walk(target, follow, links + 1);
      }
      spot = this.#covering({ mount: spot.mount, dentry });
    }
    return spot;
  }

  #covering(spot: Spot): Spot {
    const over = this.#mounts.findLast(
      ({ parent, mountpoint }) => parent === spot.mount && mountpoint === spot.dentry,
    );
    return over ? this.#covering({ mount: over, dentry: over.root }) : spot;
  }

  #at(path: string, follow = true): Spot {
    const spot = this.#walk(path, follow);
    if (!spot) throw new Error(`there is no ${path}`);
    return spot;
  }

  #parent(path: string): Dentry {
    return this.#at(posix.dirname(path)).dentry;
  }

  #add(path: string, inode: Inode): void {
    const parent = this.#parent(path);
    const name = posix.basename(path);
    parent.children.set(name, new Dentry(name, parent, inode));
  }

  #mountAt(root: Dentry, path: string): void {
    const { mount, dentry } = this.#at(path);
    this.#mounts.push({ root, parent: mount, mountpoint: dentry });
  }

  #newRoot(type: string): Dentry {
    const device = `device-${this.#types.size}`;
    this.#types.set(device, type);
    return new Dentry('', null, this.#newInode(device, 'directory'));
  }

  #newInode(device: string, kind: Inode['kind']): Inode {
    return { id: `${device}:${++this.#inodes}`, device, kind, target: '', uid: 0, setId: false };
  }
}
