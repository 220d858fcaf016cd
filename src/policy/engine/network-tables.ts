import {
  ADDRESS_FAMILIES,
  ALL_OPERATIONS,
  type Policy,
  PROTOCOLS,
  SOCKET_TYPES,
  type SocketObject,
} from '../model/index.js';
import { AddressRules } from './address-rules.js';
import {
  type AddressKey,
  type Pair,
  type PortKey,
  SOCKET_ANY,
  type SocketKey,
  UNIX_NAME_BYTES,
  type UnixNameKey,
} from './layout.js';
import { PortSets } from './port-sets.js';
import { addTo } from './rule-table.js';

/** The rules about sockets and their addresses, in the form in which the engine looks them up. */
export interface NetworkTables {
  readonly addresses: readonly [AddressKey, number][];
  readonly ports: readonly [PortKey, Pair][];
  readonly unixNames: readonly [UnixNameKey, Pair][];
  readonly sockets: readonly [SocketKey, Pair][];
}

/** Compiles the rules of policies, each of which is the bit of its place in the list. */
export function compileNetwork(policies: readonly Policy[]): NetworkTables {
  const addresses = new Map<number, AddressRules>();
  const unixNames = new Table<UnixNameKey>();
  const sockets = new Table<SocketKey>();
  for (const [index, { rules }] of policies.entries()) {
    const policy = 1n << BigInt(index);
    for (const rule of rules) {
      const { effect } = rule;
      if (rule.target === 'socket') {
        for (const object of rule.objects) addTo(sockets.at(socketKey(object)), policy, effect);
      }
      if (rule.target !== 'address') continue;
      for (const operation of rule.operations.map((name) => ALL_OPERATIONS.indexOf(name))) {
        const ofOperation = addresses.get(operation) ?? new AddressRules(operation);
        addresses.set(operation, ofOperation);
        for (const object of rule.objects) {
          ofOperation.add(object, policy, effect);
          if (object.kind !== 'unix-abstract') continue;
          addTo(unixNames.at(unixNameKey(operation, object.name)), policy, effect);
        }
      }
    }
  }
  const sets = new PortSets();
  return {
    addresses: [...addresses.values()].flatMap((rules) => rules.entries(sets)),
    ports: sets.entries(),
    unixNames: unixNames.entries(),
    sockets: sockets.entries(),
  };
}

/** Pairs by what they are about. */
class Table<Key extends object> {
  readonly #found = new Map<string, [Key, Pair]>();

  at(key: Key): Pair {
    const text = Object.values(key).join('|');
    const [, pair] = this.#found.get(text) ?? this.#add(text, key);
    return pair;
  }

  entries(): [Key, Pair][] {
    return [...this.#found.values()];
  }

  #add(text: string, key: Key): [Key, Pair] {
    const entry: [Key, Pair] = [key, { mentions: 0n, allows: 0n }];
    this.#found.set(text, entry);
    return entry;
  }
}

function socketKey({ family, type, protocol }: SocketObject): SocketKey {
  return {
    family: family === null ? SOCKET_ANY : ADDRESS_FAMILIES[family],
    type: type === null ? SOCKET_ANY : SOCKET_TYPES[type],
    protocol: protocol === null ? SOCKET_ANY : PROTOCOLS[protocol],
  };
}

function unixNameKey(operation: number, text: string): UnixNameKey {
  const bytes = Buffer.from(text);
  const name = new Uint8Array(UNIX_NAME_BYTES);
  name.set(bytes);
  return { operation, length: bytes.length, name };
}
