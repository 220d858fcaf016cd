import type { Effect, PortRange, Transport } from '../model/index.js';
import { type Pair, type PortKey, TRANSPORTS } from './layout.js';
import { addTo } from './rule-table.js';

/** A rule about an address, without the address. */
export interface PortRule {
  readonly ports: PortRange | null;
  readonly transport: Transport | null;
  /** A bit. */
  readonly policy: bigint;
  readonly effect: Effect;
}

interface Interval {
  readonly from: number;
  readonly to: number;
  readonly pair: Pair;
}

const LAST_PORT = 0xffff;

// struct port_key: set and transport are before the port.
const BITS_BEFORE_PORT = 48;
const PORT_BITS = 16;

const TRANSPORT_CLASSES: readonly (Transport | null)[] = [null, 'tcp', 'udp'];

/**
 * What holds at each port, for each of several sets of rules: as blocks of ports that a trie can look up, none of which is
 * in another. Sets that say the same are one.
 */
export class PortSets {
  readonly #numbers = new Map<string, number>();
  readonly #entries: [PortKey, Pair][] = [];

  /**
   * @param tiers - rules for the address, the longest prefix first
   * @returns the number of their set
   */
  add(tiers: readonly (readonly PortRule[])[]): number {
    const nearestFirst = tiers.flatMap(sortedTiers);
    const intervals = TRANSPORT_CLASSES.map((transport) => intervalsOf(nearestFirst, transport));
    const text = intervals.map((some) => some.map(textOf).join()).join(';');
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const set = this.#numbers.size;
    this.#numbers.set(text, set);
    for (const [i, transport] of TRANSPORT_CLASSES.entries()) {
      for (const { from, to, pair } of intervals[i] ?? []) {
        for (const block of blocksOf(from, to)) this.#entries.push([keyOf(set, transport, block), pair]);
      }
    }
    return set;
  }

  entries(): [PortKey, Pair][] {
    return this.#entries;
  }
}

/** Of the same network: the fewest ports first, then those with a transport. */
function sortedTiers(rules: readonly PortRule[]): PortRule[][] {
  const tiers = new Map<number, PortRule[]>();
  for (const rule of rules) {
    const { from, to } = rangeOf(rule);
    const distance =
      2 * (rule.ports === null ? LAST_PORT + 1 : to - from + 1) + (rule.transport === null ? 1 : 0);
    const tier = tiers.get(distance);
    if (tier) tier.push(rule);
    else tiers.set(distance, [rule]);
  }
  return [...tiers].sort(([a], [b]) => a - b).map(([, tier]) => tier);
}

function intervalsOf(
  nearestFirst: readonly (readonly PortRule[])[],
  transport: Transport | null,
): Interval[] {
  const tiers = nearestFirst.map((tier) =>
    tier.filter((rule) => rule.transport === null || rule.transport === transport),
  );
  const ends = tiers.flat().flatMap((rule) => [rangeOf(rule).from, rangeOf(rule).to + 1]);
  const starts = [...new Set([0, ...ends])].filter((start) => start <= LAST_PORT).sort((a, b) => a - b);
  const intervals: Interval[] = [];
  for (const [i, from] of starts.entries()) {
    const to = (starts[i + 1] ?? LAST_PORT + 1) - 1;
    const pair = pairAt(tiers, from);
    const last = intervals[intervals.length - 1];
    if (last && last.pair.mentions === pair.mentions && last.pair.allows === pair.allows) {
      intervals[intervals.length - 1] = { ...last, to };
    } else intervals.push({ from, to, pair });
  }
  return intervals.filter(({ pair }) => pair.mentions !== 0n);
}

function pairAt(tiers: readonly (readonly PortRule[])[], port: number): Pair {
  const pair: Pair = { mentions: 0n, allows: 0n };
  for (const tier of tiers) {
    const met: Pair = { mentions: 0n, allows: 0n };
    for (const rule of tier) {
      const { from, to } = rangeOf(rule);
      if (from <= port && port <= to) addTo(met, rule.policy, rule.effect);
    }
    pair.allows |= met.allows & ~pair.mentions;
    pair.mentions |= met.mentions;
  }
  return pair;
}

function rangeOf({ ports }: PortRule): PortRange {
  return ports ?? { from: 0, to: LAST_PORT };
}

interface Block {
  readonly port: number;
  readonly bits: number;
}

/** The fewest aligned blocks of a power of two that make up an interval. */
function blocksOf(from: number, to: number): Block[] {
  const blocks: Block[] = [];
  for (let port = from; port <= to; ) {
    let free = 0;
    while (free < PORT_BITS && port % 2 ** (free + 1) === 0 && port + 2 ** (free + 1) - 1 <= to) free++;
    blocks.push({ port, bits: PORT_BITS - free });
    port += 2 ** free;
  }
  return blocks;
}

function keyOf(set: number, transport: Transport | null, { port, bits }: Block): PortKey {
  return {
    prefixlen: BITS_BEFORE_PORT + bits,
    set,
    transport: transport === null ? 0 : TRANSPORTS[transport],
    port: inOrderOfTheNetwork(port),
  };
}

/** A number of this machine whose bytes are in the order of the network. */
function inOrderOfTheNetwork(port: number): number {
  return new Uint16Array(Uint8Array.of(port >> 8, port & 0xff).buffer)[0] ?? 0;
}

function textOf({ from, to, pair: { mentions, allows } }: Interval): string {
  return `${from}-${to}:${mentions}/${allows}`;
}
