import { readdirSync, readFileSync } from 'node:fs';
import { Btf, type BtfKind } from '../btf/index.js';
import { kernelBtf } from './kernel-hooks.js';

const BTF_DIRECTORY = '/sys/kernel/btf';

/**
 * Whether the running kernel or one of its modules has what a program of an attach type is to be loaded for; undefined
 * when there is no BTF to tell.
 *
 * @param hook - the name as an LSM hook is called
 * @param name - the name as given
 */
export function hasAttachTarget(attachType: string, hook: string, name: string): boolean | undefined {
  const [kind, symbol] = symbolOf(attachType, hook, name);
  const kernel = kernelBtf();
  if (!kernel) return undefined;
  if (kernel.find(symbol, kind) !== undefined) return true;
  return attachType.startsWith('lsm') ? false : moduleHas(kernel, kind, symbol);
}

// libbpf's find_attach_btf_id() has the same prefixes.
function symbolOf(attachType: string, hook: string, name: string): [kind: BtfKind, symbol: string] {
  switch (attachType) {
    case 'lsm_mac':
    case 'lsm_cgroup':
      return ['func', `bpf_lsm_${hook}`];
    case 'trace_raw_tp':
      return ['typedef', `btf_trace_${name}`];
    case 'trace_iter':
      return ['func', `bpf_iter_${name}`];
    default:
      return ['func', name];
  }
}

function moduleHas(kernel: Btf, kind: BtfKind, symbol: string): boolean {
  return readdirSync(BTF_DIRECTORY).some((module) => {
    if (module === 'vmlinux') return false;
    const btf = Btf.parse(readFileSync(`${BTF_DIRECTORY}/${module}`), kernel);
    return btf.find(symbol, kind) !== undefined;
  });
}
