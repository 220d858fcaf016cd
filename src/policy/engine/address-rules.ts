import { type AddressObject, bitsOf, type Effect, type Network, parseNetwork } from '../model/index.js';
import { type AddressKey, FAMILY_UNCLEAR_IP, FAMILY_UNCLEAR_UNIX } from './layout.js';
import type { PortRule, PortSets } from './port-sets.js';

// struct address_key: operation, family and zero are before the address.
const BITS_BEFORE_ADDRESS = 32;

interface Node {
  readonly network: Network;
  readonly rules: PortRule[];
}

/**
 * The rules about addresses that an operation has. A trie gives the longest prefix only; so each network gets the rules of
 * all that it lies in, too, the nearest first.
 */
export class AddressRules {
  readonly #operation: number;
  readonly #networks = new Map<string, Node>();
  /** Of all addresses of both families. */
  readonly #everywhere: PortRule[] = [];
  /** The policies that deny some address, whose denial holds where it is not clear which one it is. */
  readonly #denying = { ip: 0n, unix: 0n };

  constructor(operation: number) {
    this.#operation = operation;
  }

  add(object: AddressObject, policy: bigint, effect: Effect): void {
    const isIp = object.kind === 'ip' || object.kind === 'port';
    if (effect === 'deny') this.#denying[isIp ? 'ip' : 'unix'] |= policy;
    if (!isIp) return;
    const { ports, transport } = object;
    const rules =
      object.kind === 'ip'
        ? this.#node(parseNetwork(`${object.address}/${object.prefix}`)).rules
        : this.#everywhere;
    rules.push({ ports, transport, policy, effect });
  }

  /** What the engine looks up: for each network the number of a set. */
  entries(sets: PortSets): [AddressKey, number][] {
    if (this.#everywhere.length > 0) for (const family of [4, 6] as const) this.#node(everyAddress(family));
    const networks = [...this.#networks.values()].map(({ network }): [AddressKey, number] => [
      this.#key(network),
      sets.add(this.#nearestFirst(network)),
    ]);
    return [
      ...networks,
      ...this.#unclear(FAMILY_UNCLEAR_IP, this.#denying.ip, sets),
      ...this.#unclear(FAMILY_UNCLEAR_UNIX, this.#denying.unix, sets),
    ];
  }

  #nearestFirst({ family, bits, prefix }: Network): PortRule[][] {
    const tiers: PortRule[][] = [];
    for (let length = prefix; length >= 0; length--) {
      const beyond = BigInt(bitsOf(family) - length);
      const found = this.#networks.get(textOf({ family, bits: (bits >> beyond) << beyond, prefix: length }));
      if (found && found.rules.length > 0) tiers.push(found.rules);
    }
    return [...tiers, this.#everywhere];
  }

  #unclear(family: number, policy: bigint, sets: PortSets): [AddressKey, number][] {
    if (policy === 0n) return [];
    const set = sets.add([[{ ports: null, transport: null, policy, effect: 'deny' }]]);
    return [[this.#keyOf(family, 0n, 0), set]];
  }

  #node(network: Network): Node {
    const text = textOf(network);
    const node = this.#networks.get(text) ?? { network, rules: [] };
    this.#networks.set(text, node);
    return node;
  }

  #key({ family, bits, prefix }: Network): AddressKey {
    return this.#keyOf(family, bits << BigInt(128 - bitsOf(family)), prefix);
  }

  #keyOf(family: number, bits: bigint, prefix: number): AddressKey {
    const address = Buffer.from(bits.toString(16).padStart(32, '0'), 'hex');
    return {
      prefixlen: BITS_BEFORE_ADDRESS + prefix,
      operation: this.#operation,
      family,
      zero: 0,
      // Numbers of this machine whose bytes are in the order of the network.
      address: [...new Uint32Array(Uint8Array.from(address).buffer)],
    };
  }
}

function everyAddress(family: 4 | 6): Network {
  return { family, bits: 0n, prefix: 0 };
}

function textOf({ family, bits, prefix }: Network): string {
  return `${family}:${bits}/${prefix}`;
}
