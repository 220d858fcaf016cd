export type { AttachedList, AttachedOptions, AttachedProgram, AttachedTree, AttachFlag } from './attached.js';
export { Cgroup, type WaitOptions } from './cgroup.js';
export type { Weakness, WeaknessKind } from './weaknesses.js';
