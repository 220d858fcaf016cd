export type { Acted } from './acted.js';
export { type DecidedBy, type Decision, decide, judge, type PolicyVerdict } from './decide.js';
export {
  type ActedFile,
  type Anchor,
  type Anchors,
  type Entry,
  type Identity,
  isAt,
  type Step,
} from './files.js';
export { decideMove, type Move, PROTECTED } from './move.js';
export { governs, type Subject } from './subject.js';
