import { type Layout, namedMembers } from './layout.js';

/** Whether a value is one number, stored by one instruction. */
export function isScalar(layout: Layout): boolean {
  switch (layout.kind) {
    case 'int':
    case 'bool':
    case 'float':
    case 'pointer':
    case 'enum':
      return layout.size <= 8;
    default:
      return false;
  }
}

/** Whether encoding a value writes every byte: it has no padding, no bitfields, and nothing of which a part may be given. */
export function isDense(layout: Layout): boolean {
  switch (layout.kind) {
    case 'struct': {
      let end = 0;
      for (const member of namedMembers(layout)) {
        if (member.offset !== end || !isDense(member.layout)) return false;
        end += member.layout.size;
      }
      return end === layout.size;
    }
    case 'array':
      return layout.element !== undefined && isDense(layout.element);
    default:
      return isScalar(layout);
  }
}
