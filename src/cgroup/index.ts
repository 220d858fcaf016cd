export { attachToHook, type HookOptions } from './attach-to-hook.js';
export { Cgroup, type WaitOptions } from './cgroup.js';
export { CgroupAttachment } from './cgroup-attachment.js';
export { CgroupHook } from './cgroup-hook.js';
export type { CarrierName, CgroupCarrier, Decider, HookCarrier } from './hook-carriers.js';
export { lock } from './lock.js';
