import { classOf, type Operation, type OperationClass } from '../model/index.js';
import type { Carriers } from './carriers.js';
import { FILES } from './files.js';
import { KERNEL } from './kernel.js';
import { MEMORY } from './memory.js';
import { NETWORK } from './network.js';
import { PROCESSES } from './processes.js';

export type { Carriers, Route } from './carriers.js';

const BY_CLASS: { readonly [Class in OperationClass]: Readonly<Record<string, Carriers>> } = {
  files: FILES,
  processes: PROCESSES,
  memory: MEMORY,
  network: NETWORK,
  kernel: KERNEL,
};

/** What an operation is, which LSM hooks carry it, and what they do not see. */
export function carriersOf(operation: Operation): Carriers {
  return BY_CLASS[classOf(operation)][operation] as Carriers;
}
