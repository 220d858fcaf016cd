/** A socket address, as far as it is of a family that is known here. */
export interface SocketAddress {
  /** `AF_INET` and its like; a number for the others. */
  family: string | number;
  /** AF_INET, AF_INET6: the address as text. */
  address?: string;
  port?: number;
  /** AF_UNIX: the path; an abstract name begins with `@`. */
  path?: string;
}

/** sizeof(struct sockaddr_storage) */
export const SOCKET_ADDRESS_BYTES = 128;

// include/linux/socket.h
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const FAMILIES: Readonly<Record<number, string>> = {
  0: 'AF_UNSPEC',
  [AF_UNIX]: 'AF_UNIX',
  [AF_INET]: 'AF_INET',
  [AF_INET6]: 'AF_INET6',
  16: 'AF_NETLINK',
  17: 'AF_PACKET',
  38: 'AF_ALG',
  40: 'AF_VSOCK',
};

/** @param length - how many bytes are of the address; those behind are whatever they are */
export function socketAddress(bytes: Uint8Array, length: number = bytes.length): SocketAddress {
  const view = new DataView(bytes.buffer, bytes.byteOffset, Math.max(0, Math.min(length, bytes.length)));
  // A family is in the machine's byte order, which is little-endian where this runs.
  const family = view.byteLength >= 2 ? view.getUint16(0, true) : 0;
  const name = { family: FAMILIES[family] ?? family };
  if (family === AF_INET && view.byteLength >= 8) {
    return { ...name, address: dotted(view), port: view.getUint16(2) };
  }
  if (family === AF_INET6 && view.byteLength >= 24) {
    return { ...name, address: colons(view), port: view.getUint16(2) };
  }
  if (family === AF_UNIX) return { ...name, path: unixPath(bytes.subarray(2, view.byteLength)) };
  return name;
}

function dotted(view: DataView): string {
  return [4, 5, 6, 7].map((at) => view.getUint8(at)).join('.');
}

/** RFC 5952: the longest run of zero groups is left out, if it is one of two or more. */
function colons(view: DataView): string {
  const groups = [8, 10, 12, 14, 16, 18, 20, 22].map((at) => view.getUint16(at).toString(16));
  let [from, length] = [0, 1];
  for (const start of groups.keys()) {
    const end = groups.findIndex((group, i) => i >= start && group !== '0');
    const zeros = (end < 0 ? groups.length : end) - start;
    if (zeros > length) [from, length] = [start, zeros];
  }
  if (length === 1) return groups.join(':');
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + length).join(':')}`;
}

function unixPath(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (text.length > 1 && text[0] === 0) return `@${text.toString('utf8', 1).replaceAll('\0', '@')}`;
  const end = text.indexOf(0);
  return text.toString('utf8', 0, end < 0 ? text.length : end);
}
