import type { DecodeRules } from './decode-rules.js';
import { DecoderWriter } from './decoder-generated.js';
import type { FieldsMaker } from './fields-maker.js';
import { namedMembers, type RecordLayout } from './layout.js';

/**
 * Writes a class with a getter for each field, one class for each struct within, and compiles them. The text holds
 * numbers and names quoted by JSON.stringify, nothing else from the BTF.
 */
export function generatedFields(layout: RecordLayout, rules: DecodeRules): FieldsMaker {
  const writer = new FieldsWriter(rules);
  const root = writer.class(layout);
  const text = `'use strict';
    ${writer.declarations()}
    return { make: () => new ${root}(), move: ${root}.move };`;
  return new Function('readers', text)(writer.readers) as FieldsMaker;
}

class FieldsWriter {
  readonly #classes: string[] = [];
  readonly #values: DecoderWriter;

  constructor(rules: DecodeRules) {
    this.#values = new DecoderWriter(rules);
  }

  get readers(): unknown[] {
    return this.#values.readers;
  }

  declarations(): string {
    return [this.#values.declarations(), ...this.#classes].join('\n');
  }

  /** Declares the class of a record after those of the records within it, and gives its name. */
  class(layout: RecordLayout): string {
    const getters = namedMembers(layout).map(({ name, offset, layout }, i) => {
      // In brackets, for a getter may not be called constructor otherwise.
      const key = `[${JSON.stringify(name)}]`;
      return layout.kind === 'struct' || layout.kind === 'union'
        ? this.#nested(key, `#nested${i}`, this.class(layout), offset)
        : `get ${key}() {
            const view = this.#view, bytes = this.#bytes, at = this.#at;
            return ${this.#values.value(layout, 'at', offset)};
          }`;
    });
    const name = `Fields${this.#classes.length}`;
    this.#classes.push(`class ${name} {
      #view; #bytes; #at = 0;
      static move(fields, view, bytes, at) {
        fields.#view = view;
        fields.#bytes = bytes;
        fields.#at = at;
      }
      ${getters.join('\n')}
    }`);
    return name;
  }

  #nested(key: string, field: string, of: string, offset: number): string {
    return `${field} = new ${of}();
      get ${key}() {
        ${of}.move(this.${field}, this.#view, this.#bytes, this.#at + ${offset});
        return this.${field};
      }`;
  }
}
