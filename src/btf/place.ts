const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/**
 * Where in a value an encoder is, for messages: `event.addrs[3].port`. Made once per field; the array indices, which
 * change from call to call, are filled in when the text is wanted.
 */
export class Place {
  /** The text around the indices: one part more than there are arrays around the place. */
  readonly #parts: readonly string[];

  private constructor(parts: readonly string[]) {
    this.#parts = parts;
  }

  /** The root of a path. */
  static root(label: string): Place {
    return new Place([label]);
  }

  /** A field of the struct at this place. */
  field(name: string): Place {
    return this.#extended([IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`]);
  }

  /** Any element of the array at this place. */
  element(): Place {
    return this.#extended(['[', ']']);
  }

  /** How many indices a text needs. */
  get depth(): number {
    return this.#parts.length - 1;
  }

  /** The path as text, with the index in each array around it, outermost first. */
  text(indices: readonly number[]): string {
    return this.#parts.map((part, i) => (i === 0 ? part : `${indices[i - 1]}${part}`)).join('');
  }

  #extended([first = '', ...rest]: readonly string[]): Place {
    return new Place([...this.#parts.slice(0, -1), (this.#parts.at(-1) ?? '') + first, ...rest]);
  }
}
