import { mayGenerateCode } from './code-generation.js';
import type { Layout } from './layout.js';

/** How a codec or cursor is made: as source text compiled by the engine, or from closures. */
export type BackEnd = 'generated' | 'closure';

/** Beyond this many members an engine does better with closures than with one huge function. */
const MOST_GENERATED_MEMBERS = 2000;

/** The faster back end for a layout of those this process may use. */
export function bestBackEnd(layout: Layout): BackEnd {
  return mayGenerateCode() && countMembers(layout) <= MOST_GENERATED_MEMBERS ? 'generated' : 'closure';
}

function countMembers(layout: Layout): number {
  switch (layout.kind) {
    case 'struct':
    case 'union':
      return layout.members.reduce((sum, member) => sum + countMembers(member.layout), 1);
    case 'array':
      return 1 + (layout.element ? countMembers(layout.element) : 0);
    default:
      return 1;
  }
}
