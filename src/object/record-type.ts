import { type Btf, type CursorClass, cursorFor, type U64 } from '../btf/index.js';

/**
 * The type of a ring buffer's records: `struct event[0]` as its value declares records of type struct event, without
 * giving the value a size.
 */
export function recordType(btf: Btf, typeId: number): number {
  const type = btf.type(btf.resolve(typeId));
  return type.kind === 'array' && type.count === 0 ? type.element : typeId;
}

/** Cursors over the records of the ring buffer `map`; undefined when they are of no type, or one without fields. */
export function recordCursors<Event>(
  map: string,
  { btf, valueTypeId, u64 }: { btf: Btf; valueTypeId: number; u64: U64 },
): CursorClass<Event> | undefined {
  if (valueTypeId === 0) return undefined;
  const id = recordType(btf, valueTypeId);
  const kind = btf.kindOf(btf.resolve(id));
  return kind === 'struct' || kind === 'union'
    ? cursorFor<Event>(btf, id, { u64, label: `${map} value` })
    : undefined;
}
