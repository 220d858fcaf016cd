export {
  type ApplyOptions,
  applyPolicies,
  confirmPolicies,
  policyStatus,
  removePolicies,
  rollbackPolicies,
} from './apply.js';
export type { EngineOptions } from './engine-options.js';
export { adoptIntoDomain, type RunOptions, runInDomain } from './run.js';
export type { AppliedPolicy, EngineStatus } from './status.js';
