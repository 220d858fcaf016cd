import { type BpfObject, Cgroup } from '../../src/index.js';
import { tryBind } from './sockets.js';

/**
 * Binds a socket in a cgroup. What became of it, and which programs of the fixture cgroup_order ran for it, by their
 * letters: `0 abc`, `EPERM -`.
 */
export async function bindIn(cgroup: Cgroup, object: BpfObject): Promise<string> {
  object.globals.notes = 0;
  cgroup.add(process.pid);
  try {
    const outcome = await tryBind();
    const letters = [...(object.globals.noted as number[])].slice(0, object.globals.notes as number);
    return `${outcome} ${String.fromCharCode(...letters)}`.trim();
  } finally {
    Cgroup.root().add(process.pid);
  }
}
