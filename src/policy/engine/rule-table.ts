import type { Effect } from '../model/index.js';
import type { Identity } from './identity.js';
import {
  type Anchor,
  type AnchorKey,
  NAME_GOES_ON,
  NAME_PIECE,
  type NameKey,
  type NameRules,
  type Pair,
} from './layout.js';

/** Which of a pair a rule is for: the object itself, or all beneath it too. */
export type Reach = 'self' | 'below';

interface Entry<Key, Rules> {
  key: Key;
  rules: Rules;
}

/** The rules about places, in the form in which the engine looks them up. */
export class RuleTable {
  readonly #anchors = new Map<string, Entry<AnchorKey, Anchor>>();
  readonly #names = new Map<string, Entry<NameKey, NameRules>>();
  #lastPiece = 0n;

  /** Adds a rule for a file or directory that is there. */
  addAnchor(at: Identity, operation: number, reach: Reach, policy: bigint, effect: Effect): void {
    addTo(this.#anchor(at, operation)[reach], policy, effect);
  }

  /** Whether a policy has a rule for this very file or directory. */
  hasAnchor(at: Identity, operation: number, reach: Reach, policy: bigint): boolean {
    const entry = this.#anchors.get(anchorText({ ...at, operation }));
    return entry !== undefined && (entry.rules[reach].mentions & policy) !== 0n;
  }

  /** Adds a rule for a name in a directory. */
  addName(
    directory: Identity,
    name: Uint8Array,
    operation: number,
    reach: Reach,
    policy: bigint,
    effect: Effect,
  ): void {
    this.#anchor(directory, operation).child_lengths |= 1n << BigInt(Math.min(name.length, 63));
    const pieces: Uint8Array[] = [];
    for (let from = 0; from < name.length; from += NAME_PIECE)
      pieces.push(name.subarray(from, from + NAME_PIECE));
    addTo(this.#chain({ ...directory, operation }, pieces)[reach], policy, effect);
  }

  /** Adds a rule for a type of file systems, perhaps with a subtype, as /proc/mounts has them. */
  addType(directory: Identity, type: string, operation: number, policy: bigint, effect: Effect): void {
    const [name = '', ...subtype] = type.split('.');
    const pieces = [name, ...(subtype.length > 0 ? [subtype.join('.')] : [])];
    // The kernel reads a string, which ends with a zero.
    const bytes = pieces.map((piece) => Buffer.from(piece).subarray(0, NAME_PIECE - 1));
    addTo(this.#chain({ ...directory, operation }, bytes).self, policy, effect);
  }

  #chain(first: AnchorKey, pieces: readonly Uint8Array[]): NameRules {
    let directory = first;
    let rules: NameRules | undefined;
    for (const bytes of pieces) {
      if (rules) {
        if (rules.next === 0n) rules.next = ++this.#lastPiece;
        directory = { inode: rules.next, device: NAME_GOES_ON, operation: first.operation };
      }
      const piece = new Uint8Array(NAME_PIECE);
      piece.set(bytes);
      rules = this.#name({ directory, piece });
    }
    return rules as NameRules;
  }

  get anchors(): [AnchorKey, Anchor][] {
    return [...this.#anchors.values()].map(({ key, rules }) => [key, rules]);
  }

  get names(): [NameKey, NameRules][] {
    return [...this.#names.values()].map(({ key, rules }) => [key, rules]);
  }

  #anchor(at: Identity, operation: number): Anchor {
    const key = { inode: at.inode, device: at.device, operation };
    const text = anchorText(key);
    const found = this.#anchors.get(text);
    if (found) return found.rules;
    const rules: Anchor = { self: nothing(), below: nothing(), child_lengths: 0n };
    this.#anchors.set(text, { key, rules });
    return rules;
  }

  #name(key: NameKey): NameRules {
    const text = `${anchorText(key.directory)}/${Buffer.from(key.piece).toString('latin1')}`;
    const found = this.#names.get(text);
    if (found) return found.rules;
    const rules: NameRules = { self: nothing(), below: nothing(), next: 0n };
    this.#names.set(text, { key, rules });
    return rules;
  }
}

function anchorText({ inode, device, operation }: AnchorKey): string {
  return `${operation}:${device}:${inode}`;
}

function nothing(): Pair {
  return { mentions: 0n, allows: 0n };
}

/** Of rules that are equally near, a denial wins. */
export function addTo(pair: Pair, policy: bigint, effect: Effect): void {
  const denied = pair.mentions & ~pair.allows & policy;
  pair.mentions |= policy;
  if (effect === 'allow') pair.allows |= policy & ~denied;
  else pair.allows &= ~policy;
}
