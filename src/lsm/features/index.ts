import { release } from 'node:os';
import { native } from '../../native.js';
import type { Feature, FeatureGroup } from './feature.js';
import { helperFeatures, kfuncFeatures } from './helpers.js';
import { iteratorFeatures, linkFeatures, systemCallFeatures } from './links.js';
import { machineFeatures } from './machine.js';
import { mapFeatures } from './maps.js';
import { programFeatures } from './programs.js';

export type { Feature, FeatureGroup } from './feature.js';

/** What {@link features} found. Plain data: `JSON.stringify()` takes it. */
export interface FeatureReport {
  /** The kernel's release, as `uname -r` prints it. */
  kernel: string;
  /** The version of the libbpf in use. */
  libbpf: string;
  features: Feature[];
}

/** How each group is asked for. What a machine is set to can change; what a kernel can does not. */
const GROUPS: readonly [group: FeatureGroup, ask: () => Feature[]][] = [
  ['machine', machineFeatures],
  ['programs', programFeatures],
  ['helpers', helperFeatures],
  ['kfuncs', kfuncFeatures],
  ['maps', mapFeatures],
  ['links', linkFeatures],
  ['iterators', iteratorFeatures],
  ['system calls', systemCallFeatures],
];

const settled = new Map<FeatureGroup, Feature[]>();

/**
 * Tells what BPF can do here, feature by feature: whether this kernel can, whether this libbpf can, and whether this
 * process may. Programs, helpers, maps and link flags are tried: a program is loaded or a map made, and dropped at once;
 * nothing is attached. The rest is looked up in the kernel's BTF.
 *
 * A kernel that answers EPERM has said nothing of what it can: that is unknown, and asked again at the next call. Needs no
 * privilege to run; without CAP_BPF and CAP_PERFMON much is unknown. Takes some hundredths of a second.
 *
 * Linux 6.1, libbpf 1.1 and newer.
 */
export function features(): FeatureReport {
  return {
    kernel: release(),
    libbpf: native().libbpfVersion(),
    features: GROUPS.flatMap(([group, ask]) => remembered(group, ask)),
  };
}

/** A group that has nothing unknown in it, and nothing that is refused, need not be asked for again. */
function remembered(group: FeatureGroup, ask: () => Feature[]): Feature[] {
  const before = settled.get(group);
  if (before) return structuredClone(before);
  const found = ask();
  const conclusive = found.every(
    ({ kernel, permission }) => kernel.verdict !== 'unknown' && permission.verdict === 'yes',
  );
  if (conclusive && group !== 'machine') settled.set(group, structuredClone(found));
  return found;
}
