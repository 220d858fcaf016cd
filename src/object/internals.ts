// What other rooms need of this one, and users do not: it is no part of the public types.

export { cgroupLinks } from './cgroup-link.js';
export { answersBool } from './hook-table.js';
export { type ContextWord, contextWords, prototypeOf } from './hook-words.js';
export { instruction, returning } from './instructions.js';
export { kernelBtf, lsmHookIds, similarHooks } from './kernel-hooks.js';
export { kernelEnum, kernelMember } from './kernel-types.js';
export { KFUNCS } from './kfuncs.js';
export { linkInfoById } from './link-info.js';
export { preparePinPath } from './pin-path.js';
export {
  attachTypeNumber,
  CGROUP_ATTACH_TYPES,
  cgroupAttachTypes,
  functionName,
  withoutHookPrefix,
} from './program-kind.js';
export { type TakingBack, takingBackById } from './taking-back.js';
