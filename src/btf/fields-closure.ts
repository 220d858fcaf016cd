import { Buffer } from 'node:buffer';
import type { DecodeRules } from './decode-rules.js';
import { closureDecoder } from './decoder-closure.js';
import type { FieldsMaker } from './fields-maker.js';
import { type NamedMember, namedMembers, type RecordLayout } from './layout.js';

/** Where the fields of a record lie at the moment. */
class Position {
  view: DataView = new DataView(new ArrayBuffer(0));
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  /** The records within, by the index of their member. */
  readonly nested: (object | undefined)[];

  constructor(nested: (object | undefined)[]) {
    this.nested = nested;
  }
}

/** What a getter of one member gives. */
type Get = (position: Position) => unknown;

/** Builds the objects out of closures, for where code generation is forbidden. */
export function closureFields(layout: RecordLayout, rules: DecodeRules): FieldsMaker {
  const positions = new WeakMap<object, Position>();
  const makers: (FieldsMaker | undefined)[] = [];
  const prototype = {};
  for (const [index, member] of namedMembers(layout).entries()) {
    const get = getter(member, index, makers, rules);
    Object.defineProperty(prototype, member.name, {
      get(this: object) {
        return get(positionOf(positions, this));
      },
      configurable: true,
    });
  }
  return {
    make() {
      const fields: object = Object.create(prototype);
      positions.set(fields, new Position(makers.map((maker) => maker?.make())));
      return fields;
    },
    move(fields, view, bytes, at) {
      Object.assign(positionOf(positions, fields), { view, bytes, at });
    },
  };
}

function getter(
  { layout, offset }: NamedMember,
  index: number,
  makers: (FieldsMaker | undefined)[],
  rules: DecodeRules,
): Get {
  if (layout.kind !== 'struct' && layout.kind !== 'union') {
    const read = closureDecoder(layout, rules);
    return ({ view, bytes, at }) => read(view, bytes, at + offset);
  }
  const maker = closureFields(layout, rules);
  makers[index] = maker;
  return ({ view, bytes, at, nested }) => {
    const fields = nested[index] ?? maker.make();
    maker.move(fields, view, bytes, at + offset);
    return fields;
  };
}

function positionOf(positions: WeakMap<object, Position>, fields: object): Position {
  const position = positions.get(fields);
  if (!position) {
    throw new TypeError('a field was read of an object that is not the cursor it belongs to');
  }
  return position;
}
