import type { DecodeRules, Reader } from './decode-rules.js';
import { type ArrayLayout, type Layout, namedMembers, type RecordLayout } from './layout.js';
import { setOwn } from './own-property.js';
import { leafReader } from './read-leaf.js';

/** Builds a decoder out of closures, for where code generation is forbidden. */
export function closureDecoder(layout: Layout, rules: DecodeRules): Reader {
  switch (layout.kind) {
    case 'struct':
    case 'union':
      return recordReader(layout, rules);
    case 'array':
      return arrayReader(layout, rules);
    default:
      return leafReader(layout, rules);
  }
}

function recordReader(layout: RecordLayout, rules: DecodeRules): Reader {
  const members = namedMembers(layout).map(({ name, offset, layout }) => ({
    name,
    offset,
    read: closureDecoder(layout, rules),
  }));
  return (view, bytes, at) => {
    const record: Record<string, unknown> = {};
    for (const { name, offset, read } of members) {
      setOwn(record, name, read(view, bytes, at + offset));
    }
    return record;
  };
}

function arrayReader(layout: ArrayLayout, rules: DecodeRules): Reader {
  const { count, element } = layout;
  if (!element) {
    return () => [];
  }
  const read = closureDecoder(element, rules);
  return (view, bytes, at) => {
    const elements: unknown[] = [];
    for (let i = 0; i < count; i++) {
      elements.push(read(view, bytes, at + i * element.size));
    }
    return elements;
  };
}
