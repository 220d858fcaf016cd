export { type CheckOptions, type CheckReport, check } from './check.js';
export type { CheckFinding } from './findings.js';
export type { LockdownState } from './lockdown.js';
