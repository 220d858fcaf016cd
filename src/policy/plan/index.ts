export { type KernelFacts, kernelFacts, kernelFactsFor } from './facts.js';
export {
  type Plan,
  type PlannedDefault,
  type PlannedOperation,
  type PlannedPolicy,
  type PlannedRule,
  plan,
} from './plan.js';
