export type { LintCode, LintFinding } from './finding.js';
export { lint } from './lint.js';
export type { Actor, Essential, Machine } from './machine.js';
export { thisMachine } from './this-machine.js';
