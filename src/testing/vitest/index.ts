/**
 * Runs vitest's test files inside a guest.
 *
 * @module
 */
export { type VmPoolOptions, vmPool } from './pool.js';
