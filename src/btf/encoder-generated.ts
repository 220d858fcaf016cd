import { acceptArray } from './accept-array.js';
import {
  acceptAlternative,
  acceptRecord,
  alternativesOf,
  missingField,
  SEVERAL_MEMBERS,
} from './accept-record.js';
import { integerRange } from './describe.js';
import type { EncodeRules, Writer } from './encode-rules.js';
import { severalMembersWriter } from './encoder-closure.js';
import type { ArrayLayout, Layout, LeafLayout, MemberLayout, RecordLayout } from './layout.js';
import type { Place } from './place.js';
import { leafWriter } from './write-leaf.js';

/**
 * Builds an encoder as source text and compiles it. The text holds numbers and names quoted by JSON.stringify, nothing
 * else from the BTF; all that is not the common case is left to the functions the closure back end uses.
 */
export function generatedEncoder(layout: Layout, place: Place, rules: EncodeRules): Writer {
  const writer = new EncoderWriter(rules);
  const body = writer.write(layout, { at: 'at', offset: 0, value: 'value', place });
  const helpers = writer.helpers.map((_, i) => `const help${i} = helpers[${i}];`).join('\n');
  const text = `'use strict';
    const hasOwn = Object.hasOwn;
    ${helpers}
    return (target, at, value, indices) => {
      const view = target.view;
      ${body}
    };`;
  return new Function('helpers', text)(writer.helpers) as Writer;
}

/** What a piece of code writes and where: `at` and `value` are variables of the generated code. */
interface Spot {
  readonly at: string;
  readonly offset: number;
  readonly value: string;
  readonly place: Place;
}

class EncoderWriter {
  readonly helpers: unknown[] = [];
  readonly #rules: EncodeRules;
  #variables = 0;

  constructor(rules: EncodeRules) {
    this.#rules = rules;
  }

  /** Statements that check and store a value. */
  write(layout: Layout, spot: Spot): string {
    switch (layout.kind) {
      case 'struct':
      case 'union': {
        const accept = this.#helper(acceptRecord(layout, spot.place));
        return `${accept}(${spot.value}, indices);\n${this.#members(layout, spot)}`;
      }
      case 'array':
        return this.#array(layout, spot);
      default:
        return this.#leaf(layout, spot);
    }
  }

  #members(layout: RecordLayout, spot: Spot): string {
    return layout.kind === 'union'
      ? this.#alternatives(layout, spot)
      : layout.members.map((member) => this.#member(member, spot)).join('\n');
  }

  #alternatives(layout: RecordLayout, spot: Spot): string {
    const alternatives = alternativesOf(layout);
    const choose = this.#helper(acceptAlternative(alternatives, this.#rules.partial, spot.place));
    const cases = alternatives.map(
      ({ member }, i) => `case ${i}: {\n${this.#member(member, spot)}\nbreak;\n}`,
    );
    const several = this.#helper(severalMembersWriter(layout, spot.place, this.#rules));
    cases.push(`case ${SEVERAL_MEMBERS}: ${several}(target, ${position(spot)}, ${spot.value}, indices);`);
    return `switch (${choose}(${spot.value}, indices)) {\n${cases.join('\n')}\n}`;
  }

  #member(member: MemberLayout, spot: Spot): string {
    const moved = { ...spot, offset: spot.offset + member.offset };
    const { name } = member;
    if (name === undefined) {
      return this.#members(member.layout, moved);
    }
    const key = JSON.stringify(name);
    const place = spot.place.field(name);
    const field = this.#variable('field');
    const otherwise = this.#rules.partial
      ? ''
      : ` else {\n${this.#helper(missingField(place))}(${spot.value}, indices);\n}`;
    return `const ${field} = hasOwn(${spot.value}, ${key}) ? ${spot.value}[${key}] : undefined;
      if (${field} !== undefined) {\n${this.write(member.layout, { ...moved, value: field, place })}\n}${otherwise}`;
  }

  #array(layout: ArrayLayout, spot: Spot): string {
    const { count, element } = layout;
    const { depth } = spot.place;
    const accept = this.#helper(acceptArray(layout, spot.place));
    if (!element) {
      return `${accept}(${spot.value}, indices);`;
    }
    const i = this.#variable('i');
    const at = this.#variable('at');
    const value = this.#variable('element');
    return `${accept}(${spot.value}, indices);
      for (let ${i} = 0, ${at} = ${position(spot)}; ${i} < ${count}; ${i}++, ${at} += ${element.size}) {
        indices[${depth}] = ${i};
        const ${value} = ${spot.value}[${i}];
        ${this.write(element, { at, offset: 0, value, place: spot.place.element() })}
      }`;
  }

  #leaf(layout: LeafLayout, spot: Spot): string {
    const write = this.#helper(leafWriter(layout, spot.place, this.#rules));
    const careful = `${write}(target, ${position(spot)}, ${spot.value}, indices);`;
    const quick = this.#quick(layout, spot);
    return quick ? `${quick}\nelse ${careful}` : careful;
  }

  /** The common case of integers, written out: the right type and in range. */
  #quick(layout: LeafLayout, spot: Spot): string | undefined {
    if (layout.kind !== 'int' && layout.kind !== 'pointer') {
      return undefined;
    }
    const { size } = layout;
    const { value } = spot;
    const { min, max } = integerRange(size * 8, layout.kind === 'int' && layout.signed);
    const little = this.#rules.littleEndian;
    if (size <= 4) {
      return `if (typeof ${value} === 'number' && ${value} >= ${min} && ${value} <= ${max} && ${value} % 1 === 0)
        view.setUint${size * 8}(${position(spot)}, ${value}, ${little});`;
    }
    return size === 8
      ? `if (typeof ${value} === 'bigint' && ${value} >= ${min}n && ${value} <= ${max}n)
        view.setBigUint64(${position(spot)}, ${value}, ${little});`
      : undefined;
  }

  #variable(name: string): string {
    return `${name}${this.#variables++}`;
  }

  #helper(helper: unknown): string {
    this.helpers.push(helper);
    return `help${this.helpers.length - 1}`;
  }
}

function position({ at, offset }: Spot): string {
  return offset === 0 ? at : `${at} + ${offset}`;
}
