import { describe, expect, test } from 'vitest';
import { socketAddress } from '../../../src/trace/socket-address.js';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const inet6 = (address: string) => socketAddress(bytes(`0a00 01bb 00000000 ${address} 00000000`)).address;

describe('a socket address', () => {
  test('of IPv4', () => {
    expect(socketAddress(bytes('0200 01bb 7f000001 0000000000000000'))).toEqual({
      family: 'AF_INET',
      address: '127.0.0.1',
      port: 443,
    });
  });

  test('of IPv6, its longest run of zeros left out', () => {
    expect(inet6('00000000000000000000000000000001')).toBe('::1');
    expect(inet6('00000000000000000000000000000000')).toBe('::');
    expect(inet6('20010db8000000000001000000000000')).toBe('2001:db8:0:0:1::');
    expect(inet6('fe800000000000000000000000000001')).toBe('fe80::1');
    expect(inet6('20010db8000100020003000400050006')).toBe('2001:db8:1:2:3:4:5:6');
  });

  test('of a Unix socket: a path, an abstract name, none', () => {
    expect(socketAddress(bytes('0100 2f746d702f7300 ffff'))).toEqual({ family: 'AF_UNIX', path: '/tmp/s' });
    expect(socketAddress(bytes('0100 00616263 ffff'), 6)).toEqual({ family: 'AF_UNIX', path: '@abc' });
    expect(socketAddress(bytes('0100'), 2)).toEqual({ family: 'AF_UNIX', path: '' });
  });

  test('of another family, or cut short', () => {
    expect(socketAddress(bytes('1000 0000'))).toEqual({ family: 'AF_NETLINK' });
    expect(socketAddress(bytes('ff00 0000'))).toEqual({ family: 255 });
    expect(socketAddress(bytes('0200 01bb 7f000001'), 4)).toEqual({ family: 'AF_INET' });
    expect(socketAddress(bytes('0200'), 1)).toEqual({ family: 'AF_UNSPEC' });
    expect(socketAddress(new Uint8Array())).toEqual({ family: 'AF_UNSPEC' });
    expect(socketAddress(bytes('0200 01bb 7f000001'), 0xffffffff)).toMatchObject({ port: 443 });
  });
});
