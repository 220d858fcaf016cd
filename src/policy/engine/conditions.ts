import type { IdRange, Policy } from '../model/index.js';
import type { GenerationRecord, IdPrefix } from './layout.js';

const ID_BITS = 32;
const KIND_BITS = 32;

/** Ids with the same first bits: `bits` are those, and zeros. */
export interface Prefix {
  readonly bits: number;
  readonly length: number;
}

/** The fewest prefixes that a range of ids consists of. */
export function prefixesOf({ from, to }: IdRange): Prefix[] {
  const prefixes: Prefix[] = [];
  for (let bits = from; bits <= to; ) {
    let free = 0;
    // The next size has to begin here, and to end within the range.
    while (free < ID_BITS && bits % 2 ** (free + 1) === 0 && bits + 2 ** (free + 1) - 1 <= to) free++;
    prefixes.push({ bits, length: ID_BITS - free });
    bits += 2 ** free;
  }
  return prefixes;
}

type Kind = IdPrefix['kind'];

/**
 * The ids of conditions, each prefix with the policies of those that contain it: the kernel looks up the longest, and
 * sees no other.
 */
export function idWords(policies: readonly Policy[]): [IdPrefix, bigint][] {
  return [
    ...wordsOf('ID_OF_USER', policies, ({ conditions }) => conditions.uids),
    ...wordsOf('ID_OF_GROUP', policies, ({ conditions }) => conditions.gids),
  ];
}

function wordsOf(
  kind: Kind,
  policies: readonly Policy[],
  rangesOf: (policy: Policy) => readonly IdRange[] | null,
): [IdPrefix, bigint][] {
  const own = new Map<string, { prefix: Prefix; word: bigint }>();
  for (const [index, policy] of policies.entries()) {
    for (const prefix of (rangesOf(policy) ?? []).flatMap(prefixesOf)) {
      const key = keyOf(prefix);
      const word = own.get(key)?.word ?? 0n;
      own.set(key, { prefix, word: word | (1n << BigInt(index)) });
    }
  }
  return [...own.values()].map(({ prefix }) => {
    let word = 0n;
    for (let length = 0; length <= prefix.length; length++) {
      word |= own.get(keyOf(shortened(prefix, length)))?.word ?? 0n;
    }
    const id = Buffer.alloc(4);
    id.writeUInt32BE(prefix.bits);
    return [{ prefixlen: KIND_BITS + prefix.length, kind, id: new Uint8Array(id) }, word];
  });
}

function shortened({ bits }: Prefix, length: number): Prefix {
  const beyond = 2 ** (ID_BITS - length);
  return { bits: Math.floor(bits / beyond) * beyond, length };
}

function keyOf({ bits, length }: Prefix): string {
  return `${length}:${bits}`;
}

/** Which policies have which conditions. */
export function conditionWords(
  bits: (holds: (policy: Policy) => boolean) => bigint,
): Pick<GenerationRecord, 'conditional' | 'with_uids' | 'with_gids' | 'with_executables'> {
  const with_uids = bits(({ conditions }) => conditions.uids !== null);
  const with_gids = bits(({ conditions }) => conditions.gids !== null);
  const with_executables = bits(({ conditions }) => conditions.executables !== null);
  return { conditional: with_uids | with_gids | with_executables, with_uids, with_gids, with_executables };
}
