import type { Document, ParsedNode } from 'yaml';
import { yaml } from './lazy-yaml.js';

/** A place in a text, both from 1 on. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Something wrong with a text, at an offset. */
export interface Fault {
  readonly offset: number;
  readonly message: string;
}

/** The documents of a text: each with its node, and what is wrong with its syntax. */
export interface Documents {
  readonly documents: readonly {
    readonly root: ParsedNode | null;
    readonly offset: number;
    readonly faults: readonly Fault[];
  }[];
  placeOf(offset: number): Place;
}

/** 100,000 rules, and a long path in each. */
const MOST_CHARACTERS = 64 * 1024 * 1024;
/** A policy is six levels deep. */
const MOST_LEVELS = 32;

/** Parses YAML 1.2 without anything that makes one thing look like another. Does not throw. */
export function parseDocuments(text: string): Documents | Fault {
  if (text.length > MOST_CHARACTERS) {
    return {
      offset: 0,
      message: `it is larger than ${MOST_CHARACTERS} characters: split it into several files`,
    };
  }
  const { Composer, LineCounter, Parser } = yaml();
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const deep = tooDeep(tokens);
  if (deep !== undefined)
    return { offset: deep, message: `it is nested more than ${MOST_LEVELS} levels deep` };
  // Duplicate keys are looked for when the document is read: here each would be compared with all others.
  const composer = new Composer({ version: '1.2', schema: 'core', merge: false, uniqueKeys: false });
  const documents = [...composer.compose(tokens, false, text.length)].map((document) => ({
    root: document.contents as ParsedNode | null,
    offset: document.range?.[0] ?? 0,
    faults: faultsOf(document),
  }));
  return {
    documents,
    placeOf: (offset) => {
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    },
  };
}

function faultsOf({ errors, warnings, directives, range }: Document): Fault[] {
  const faults = [...errors, ...warnings].map(({ message, pos }) => ({
    offset: pos[0],
    message: `this is no YAML: ${message}`,
  }));
  if (directives?.yaml.explicit && directives.yaml.version !== '1.2') {
    faults.push({ offset: range?.[0] ?? 0, message: 'policies are YAML 1.2: take the %YAML line out' });
  }
  return faults;
}

/** The offset of the first token that is too many levels deep; looked for without recursion, which depth would exhaust. */
function tooDeep(tokens: readonly object[]): number | undefined {
  const left = tokens.map((token) => ({ token, level: 0 }));
  for (let next = left.pop(); next; next = left.pop()) {
    const { level } = next;
    const token = next.token as { offset?: number; items?: object[]; value?: unknown; key?: unknown };
    if (level > 2 * MOST_LEVELS) return token.offset ?? 0;
    for (const inner of [...(token.items ?? []), token.value, token.key]) {
      if (typeof inner === 'object' && inner !== null) left.push({ token: inner, level: level + 1 });
    }
  }
  return undefined;
}
