import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { type AddressInfo, createServer, Server, Socket } from 'node:net';

/** Listens on a port of loopback: `0`, or the name of the errno that bind(2) gave. */
export async function tryBind(): Promise<string> {
  const server = createServer();
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return '0';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    server.close();
  }
}

/** Does what programs on cgroups are asked about: TCP and UDP on loopback, a sysctl, a device. */
export async function useEverything(): Promise<void> {
  await tcp();
  await udp();
  readFileSync('/proc/sys/kernel/hostname');
  await (await open('/dev/zero')).close();
}

async function tcp(): Promise<void> {
  const server = new Server((peer) => peer.end('bye'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new Socket();
  client.connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(client, 'connect');
  client.setNoDelay(true);
  client.setKeepAlive(true);
  // getpeername(2) and getsockname(2).
  if (client.remoteAddress !== client.localAddress) throw new Error('loopback is not loopback');
  client.resume();
  await once(client, 'close');
  server.close();
  await once(server, 'close');
}

async function udp(): Promise<void> {
  const receiver = createSocket('udp4');
  const sender = createSocket('udp4');
  receiver.bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  sender.send('hello', receiver.address().port, '127.0.0.1');
  await once(receiver, 'message');
  sender.close();
  receiver.close();
}
