import { readFileSync } from 'node:fs';
import { Btf } from '../btf/index.js';
import { isNoHook } from './hook-table.js';

const VMLINUX = '/sys/kernel/btf/vmlinux';
const PREFIX = 'bpf_lsm_';

let vmlinux: Btf | null | undefined;
let hookIds: ReadonlyMap<string, number> | undefined;

/** The running kernel's BTF; null when it has none. Read once. @internal */
export function kernelBtf(): Btf | null {
  if (vmlinux === undefined) {
    try {
      vmlinux = Btf.parse(readFileSync(VMLINUX));
    } catch {
      vmlinux = null;
    }
  }
  return vmlinux;
}

/** Whether the running kernel has hooks for BPF LSM programs (CONFIG_BPF_LSM); undefined when it has no BTF to tell. */
export function hasLsmHooks(): boolean | undefined {
  return kernelBtf() ? lsmHookIds().has('file_open') : undefined;
}

/**
 * The LSM hooks of the running kernel, each with the BTF id of its `bpf_lsm_` function, in the order of their names.
 * @internal
 */
export function lsmHookIds(): ReadonlyMap<string, number> {
  hookIds ??= new Map(findHooks().sort(([a], [b]) => (a < b ? -1 : 1)));
  return hookIds;
}

function findHooks(): [name: string, id: number][] {
  const btf = kernelBtf();
  const found: [string, number][] = [];
  for (let id = btf?.firstId ?? 0; btf && id <= btf.types; id++) {
    if (btf.kindOf(id) !== 'func') continue;
    const name = btf.bareNameOf(id);
    const hook = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : '';
    if (hook && !isNoHook(hook)) found.push([hook, id]);
  }
  return found;
}

/** The C prototype of an LSM hook in the running kernel: `int file_open(struct file *file)`; undefined for no hook. */
export function hookPrototype(hook: string): string | undefined {
  return prototypeText(hook, lsmHookIds().get(hook));
}

/** The C prototype of a function of the kernel under a name of choice. @internal */
export function prototypeText(name: string, functionId: number | undefined): string | undefined {
  const btf = kernelBtf();
  const func = functionId === undefined ? undefined : btf?.type(functionId);
  const proto = func?.kind === 'func' ? btf?.type(func.type) : undefined;
  if (!btf || proto?.kind !== 'func_proto') return undefined;
  const params = proto.params.map(({ name, type }) => declare(btf.nameOf(type), name));
  return declare(btf.nameOf(proto.returns), `${name}(${params.join(', ') || 'void'})`);
}

/** The hooks of the running kernel whose names are nearest to a wrong one, best first; at most three. */
export function similarHooks(wrong: string): string[] {
  const names = [...lsmHookIds().keys()];
  const distance = new Map(names.map((name) => [name, editDistance(wrong, name)]));
  const near = (name: string) => (distance.get(name) ?? 0) <= Math.max(2, wrong.length / 3);
  return names
    .filter(near)
    .sort((a, b) => (distance.get(a) ?? 0) - (distance.get(b) ?? 0))
    .slice(0, 3);
}

function declare(type: string, name: string): string {
  return type.endsWith('*') ? `${type}${name}` : `${type} ${name}`;
}

/** How many characters must be changed, added or taken away (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
