import { once } from 'node:events';
import { createServer } from 'node:net';

/** `0`, or the errno of bind(2) or listen(2), whichever fails. */
export async function tryListen() {
  const server = createServer();
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return '0';
  } catch (error) {
    return error.code;
  } finally {
    server.close();
  }
}
