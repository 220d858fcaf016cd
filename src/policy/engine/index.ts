export {
  type AppliedPolicy,
  type ApplyOptions,
  applyPolicies,
  confirmPolicies,
  type EngineStatus,
  policyStatus,
  removePolicies,
  rollbackPolicies,
} from './apply.js';
export type { EngineOptions } from './engine-options.js';
export { adoptIntoDomain, type RunOptions, runInDomain } from './run.js';
