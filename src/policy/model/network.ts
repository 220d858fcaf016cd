/** An IP address, as bits. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

/** An IP network: an address without bits beyond the prefix. */
export interface Network extends IpAddress {
  readonly prefix: number;
}

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const V4 = `(?:${OCTET}\\.){3}${OCTET}`;
const GROUP = '[0-9a-fA-F]{1,4}';
const V6 = [
  `(?:${GROUP}:){7}${GROUP}`,
  `(?:${GROUP}:){1,7}:`,
  '::',
  // Groups of zeros are left out between so many groups and at most so many.
  ...[0, 1, 2, 3, 4, 5, 6].map(
    (before) => `${before === 0 ? ':' : `(?:${GROUP}:){${before}}`}(?::${GROUP}){1,${7 - before}}`,
  ),
].join('|');

/** An address, or a network as an address and the length of its prefix; IPv6 in groups of hexadecimal digits only. */
export const ADDRESS_PATTERN: RegExp = new RegExp(
  `^(?:${V4}(?:/(?:\\d|[12]\\d|3[0-2]))?|(?:${V6})(?:/(?:\\d|[1-9]\\d|1[01]\\d|12[0-8]))?)$`,
);

const V4_MAPPED = 0xffffn;

/** How many bits an address has. */
export function bitsOf(family: 4 | 6): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** Reads what {@link ADDRESS_PATTERN} matches; bits beyond the prefix are left as they are. */
export function parseNetwork(text: string): Network {
  const [address = '', length] = text.split('/');
  const family = address.includes(':') ? 6 : 4;
  const bits = family === 4 ? parseV4(address) : parseV6(address);
  return { family, bits, prefix: length === undefined ? bitsOf(family) : Number(length) };
}

/** The same network without bits beyond its prefix. */
export function masked({ family, bits, prefix }: Network): Network {
  const beyond = BigInt(bitsOf(family) - prefix);
  return { family, bits: (bits >> beyond) << beyond, prefix };
}

/** Whether this is an IPv4 address that is written as an IPv6 one, or a network of such. */
export function isMapped({ family, bits, prefix }: Network): boolean {
  return family === 6 && prefix >= 96 && bits >> 32n === V4_MAPPED;
}

/** The address that the kernel's sockets mean: an IPv4 address in IPv6 clothes without them. */
export function unmapped(address: IpAddress): IpAddress {
  const { family, bits } = address;
  return isMapped({ family, bits, prefix: 128 }) ? { family: 4, bits: bits & 0xffff_ffffn } : address;
}

/** Whether an address is in a network; see {@link unmapped}. */
export function isIn(address: IpAddress, network: Network): boolean {
  const { family, bits } = unmapped(address);
  const beyond = BigInt(bitsOf(family) - network.prefix);
  return family === network.family && bits >> beyond === network.bits >> beyond;
}

/** An address as text: IPv6 as RFC 5952 wants it. */
export function formatAddress({ family, bits }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (bits >> BigInt(112 - 16 * i)) & 0xffffn);
  const { start, length } = longestZeros(groups);
  const hex = (some: readonly bigint[]) => some.map((group) => group.toString(16)).join(':');
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

function parseV4(text: string): bigint {
  return text.split('.').reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n);
}

function parseV6(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

function longestZeros(groups: readonly bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  groups.forEach((group, i) => {
    length = group === 0n ? length + 1 : 0;
    if (length > best.length) best = { start: i - length + 1, length };
  });
  return best;
}
