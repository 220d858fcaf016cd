import { acceptArray } from './accept-array.js';
import {
  acceptAlternative,
  acceptRecord,
  alternativesOf,
  missingField,
  SEVERAL_MEMBERS,
} from './accept-record.js';
import type { EncodeRules, Writer } from './encode-rules.js';
import type { ArrayLayout, Layout, MemberLayout, RecordLayout } from './layout.js';
import { getOwn } from './own-property.js';
import type { Place } from './place.js';
import { leafWriter } from './write-leaf.js';
import { agreeingWriter } from './write-union.js';

/** Builds an encoder out of closures, for where code generation is forbidden. */
export function closureEncoder(layout: Layout, place: Place, rules: EncodeRules): Writer {
  switch (layout.kind) {
    case 'struct':
    case 'union':
      return recordWriter(layout, place, rules);
    case 'array':
      return arrayWriter(layout, place, rules);
    default:
      return leafWriter(layout, place, rules);
  }
}

function recordWriter(layout: RecordLayout, place: Place, rules: EncodeRules): Writer {
  const accept = acceptRecord(layout, place);
  const write = membersWriter(layout, place, rules);
  return (target, at, value, indices) => write(target, at, accept(value, indices), indices);
}

/** Writes the members of a record from an object that may be that of the record around it. */
function membersWriter(layout: RecordLayout, place: Place, rules: EncodeRules): Writer {
  if (layout.kind === 'union') {
    return alternativeWriter(layout, place, rules);
  }
  const writers = layout.members.map((member) => memberWriter(member, place, rules));
  return (target, at, value, indices) => {
    for (const write of writers) {
      write(target, at, value, indices);
    }
  };
}

function alternativeWriter(layout: RecordLayout, place: Place, rules: EncodeRules): Writer {
  const alternatives = alternativesOf(layout);
  const choose = acceptAlternative(alternatives, rules.partial, place);
  const writers = alternatives.map(({ member }) => memberWriter(member, place, rules));
  const writeSeveral = severalMembersWriter(layout, place, rules);
  return (target, at, value, indices) => {
    const chosen = choose(value, indices);
    const write = chosen === SEVERAL_MEMBERS ? writeSeveral : writers[chosen];
    write?.(target, at, value, indices);
  };
}

/** Writes the members of a union from an object that gives several. */
export function severalMembersWriter(layout: RecordLayout, place: Place, rules: EncodeRules): Writer {
  const alternatives = alternativesOf(layout);
  let write: Writer | undefined;
  return (target, at, value, indices) => {
    // Seldom needed, and made of the writers of all that is below.
    write ??= agreeingWriter(
      alternatives,
      alternatives.map(({ member }) => memberWriter(member, place, rules)),
      layout.size,
      place,
      rules,
    );
    write(target, at, value, indices);
  };
}

function memberWriter(member: MemberLayout, place: Place, rules: EncodeRules): Writer {
  const { name, offset } = member;
  if (name === undefined) {
    const write = membersWriter(member.layout, place, rules);
    return (target, at, value, indices) => write(target, at + offset, value, indices);
  }
  const write = closureEncoder(member.layout, place.field(name), rules);
  const missing = rules.partial ? undefined : missingField(place.field(name));
  return (target, at, value, indices) => {
    const field = getOwn(value as object, name);
    if (field !== undefined) {
      write(target, at + offset, field, indices);
    } else {
      missing?.(value, indices);
    }
  };
}

function arrayWriter(layout: ArrayLayout, place: Place, rules: EncodeRules): Writer {
  const { count, element } = layout;
  const accept = acceptArray(layout, place);
  const write = element && closureEncoder(element, place.element(), rules);
  const stride = element?.size ?? 0;
  const { depth } = place;
  return (target, at, value, indices) => {
    const elements = accept(value, indices);
    for (let i = 0; i < count; i++) {
      indices[depth] = i;
      write?.(target, at + i * stride, elements[i], indices);
    }
  };
}
