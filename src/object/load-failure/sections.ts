import { native } from '../../native.js';
import type { Explanation, Failure } from './failure.js';

// src/libbpf.c section_defs: what is younger than libbpf 1.1.
const SINCE: readonly [section: RegExp, libbpf: string][] = [
  [/^struct_ops\.s/, '1.2'],
  [/^netfilter\b/, '1.3'],
  [/^tcx\//, '1.3'],
  [/^tc\/(in|e)gress/, '1.3'],
  [/^netkit\//, '1.3'],
  [/^uprobe\.multi|^uretprobe\.multi/, '1.3'],
  [/^cgroup\/\w+_unix$/, '1.3'],
  [/^kprobe\.session/, '1.5'],
  [/^sk_skb\/verdict/, '1.5'],
  [/^uprobe\.session/, '1.6'],
];

// libbpf's bpf_object_load_prog(), for a section it does not know.
export function unknownSection({ libbpf }: Failure): Explanation | undefined {
  const section = /missing BPF prog type, check ELF section name '([^']+)'/.exec(libbpf)?.[1];
  if (section === undefined) return undefined;
  const since = SINCE.find(([pattern]) => pattern.test(section))?.[1];
  if (since) {
    return {
      why: `libbpf ${native().libbpfVersion()} does not know sections named ${section}`,
      reason: 'libbpf',
      hint: `install libbpf ${since} or newer`,
    };
  }
  return {
    why: `libbpf ${native().libbpfVersion()} does not know what a program in section ${section} is for`,
    reason: 'input',
    hint: 'check the name in SEC(), such as SEC("lsm/file_open"); a newer libbpf may know it',
  };
}
