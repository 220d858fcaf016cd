import { readdir, readFile, readlink } from 'node:fs/promises';

/** A process that has an object open. */
export interface Holder {
  pid: number;
  /** Its command name, up to 15 characters. */
  comm: string;
  /** Its file descriptors for the object. */
  fds: number[];
}

/** The kinds of objects that processes hold by file descriptors. */
export type HeldKind = 'program' | 'map' | 'link' | 'btf';

/** The holders of an object, by its kind and id. */
export type Holders = ReadonlyMap<`${HeldKind} ${number}`, Holder[]>;

// kernel/bpf/syscall.c bpf_map_new_fd() and its like; a link's was bpf_link before Linux 7.3.
const KINDS: Readonly<Record<string, readonly [kind: HeldKind, field: RegExp]>> = {
  'anon_inode:bpf-prog': ['program', /^prog_id:\s*(\d+)/m],
  'anon_inode:bpf-map': ['map', /^map_id:\s*(\d+)/m],
  'anon_inode:bpf_link': ['link', /^link_id:\s*(\d+)/m],
  'anon_inode:bpf-link': ['link', /^link_id:\s*(\d+)/m],
  'anon_inode:btf': ['btf', /^btf_id:\s*(\d+)/m],
};

/**
 * Who has which BPF objects open, of the processes that this one can see in /proc. A mapping of a map's memory, whose
 * file descriptor was closed, is not among them, nor is a descriptor on its way through a socket.
 */
export async function findHolders(): Promise<Holders> {
  const holders = new Map<`${HeldKind} ${number}`, Holder[]>();
  for (const name of await namesIn('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const held = await heldBy(pid);
    if (held.size === 0) continue;
    const comm = (await contentOf(`/proc/${pid}/comm`))?.trimEnd() ?? '';
    for (const [object, fds] of held) {
      const others = holders.get(object);
      const holder = { pid, comm, fds };
      if (others) others.push(holder);
      else holders.set(object, [holder]);
    }
  }
  return holders;
}

async function heldBy(pid: number): Promise<Map<`${HeldKind} ${number}`, number[]>> {
  const held = new Map<`${HeldKind} ${number}`, number[]>();
  const fds = await namesIn(`/proc/${pid}/fd`);
  const objects = await Promise.all(fds.map((fd) => objectBehind(pid, fd)));
  for (const [i, object] of objects.entries()) {
    if (!object) continue;
    const known = held.get(object);
    if (known) known.push(Number(fds[i]));
    else held.set(object, [Number(fds[i])]);
  }
  return held;
}

async function objectBehind(pid: number, fd: string): Promise<`${HeldKind} ${number}` | undefined> {
  const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
  const known = KINDS[target];
  if (!known) return undefined;
  const [kind, field] = known;
  const id = field.exec((await contentOf(`/proc/${pid}/fdinfo/${fd}`)) ?? '')?.[1];
  return id === undefined ? undefined : `${kind} ${Number(id)}`;
}

/** Nothing for what is gone by now, or may not be looked at. */
async function namesIn(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}

async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
