export { type CheckOptions, type CheckReport, check } from './check.js';
export type { CheckFinding } from './findings.js';
export { type HookParameter, hook, hooks, type LsmHook } from './hooks.js';
