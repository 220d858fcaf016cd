import type { Accept } from './accept-integer.js';
import { describeNames, describeValue } from './describe.js';
import { type MemberLayout, namedMembers, type RecordLayout } from './layout.js';
import { getOwn } from './own-property.js';
import type { Place } from './place.js';
import { wrongType } from './value-error.js';

/**
 * Accepts an object none of whose own enumerable fields is unknown to the struct or union.
 *
 * @throws BpfError `ERR_BPF_VALUE_TYPE`
 */
export function acceptRecord(layout: RecordLayout, place: Place): Accept<object> {
  const names = new Set(namedMembers(layout).map(({ name }) => name));
  return (value, indices) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
      throw wrongType(
        place.text(indices),
        `expected an object with the fields of ${layout.typeName}, got ${describeValue(value)}`,
      );
    }
    for (const name of Object.keys(value)) {
      if (!names.has(name)) {
        throw wrongType(
          place.field(name).text(indices),
          `${layout.typeName} has no such field (${describeNames(names)})`,
        );
      }
    }
    return value;
  };
}

/** The error for a field that a struct has and the object has not. */
export function missingField(place: Place): Accept<never> {
  return (_, indices) => {
    throw wrongType(place.text(indices), 'missing');
  };
}

/** What {@link acceptAlternative} gives for an object with no member, or with several. */
export const NO_MEMBER = -1;
export const SEVERAL_MEMBERS = -2;

/**
 * Accepts an object with the fields of a union's members, and gives the index of the member when there is one alone.
 *
 * @param alternatives - the members that can be told by their fields
 * @param partial - whether none is fine too
 * @throws BpfError `ERR_BPF_VALUE_TYPE` for none
 */
export function acceptAlternative(
  alternatives: readonly Alternative[],
  partial: boolean,
  place: Place,
): Accept<number> {
  return (value, indices) => {
    const given = alternatives.flatMap(({ names }, index) =>
      isGiven(value as object, names) ? [index] : [],
    );
    const [only = NO_MEMBER] = given;
    if (only === NO_MEMBER && alternatives.length > 0 && !partial) {
      const all = alternatives.map(({ names }) => names.join('+'));
      throw wrongType(place.text(indices), `a union takes a member, got none of ${describeNames(all)}`);
    }
    return given.length > 1 ? SEVERAL_MEMBERS : only;
  };
}

/** Whether an object gives any of a member's fields. */
export function isGiven(value: object, names: readonly string[]): boolean {
  return names.some((name) => getOwn(value, name) !== undefined);
}

/** One member of a union and the names its fields have in JavaScript. */
export interface Alternative {
  readonly member: MemberLayout;
  readonly names: readonly string[];
}

/** The members of a union that fields of an object can choose. */
export function alternativesOf(union: RecordLayout): Alternative[] {
  return union.members
    .map((member) => ({ member, names: namesOf(member) }))
    .filter(({ names }) => names.length > 0);
}

function namesOf(member: MemberLayout): string[] {
  return member.name === undefined ? namedMembers(member.layout).map(({ name }) => name) : [member.name];
}
