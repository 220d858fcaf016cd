export type { Place } from './documents.js';
export { parsePolicies } from './parse-policies.js';
export { printPolicies } from './print-policies.js';
export { readPolicies } from './read-policies.js';
export { type PolicySource, sourceOf } from './sources.js';
