export { loadPolicies } from './load-policies.js';
