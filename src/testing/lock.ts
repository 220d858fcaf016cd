import { createHash } from 'node:crypto';
import { connect, createServer } from 'node:net';

/**
 * Runs `task` while no other process does so for the same `name`. The lock is an abstract Unix socket: the
 * kernel drops it with the process that holds it, so nothing is ever stale, and who waits is woken by the close.
 */
export async function withLock<T>(name: string, task: () => Promise<T>): Promise<T> {
  const address = `\0bpf-lsm-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  for (;;) {
    const release = await tryHold(address);
    if (release !== undefined) {
      try {
        return await task();
      } finally {
        release();
      }
    }
    await holderGone(address);
  }
}

function tryHold(address: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<{ destroy(): void }>();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => waiting.delete(socket));
    });
    server.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(address, () =>
      resolve(() => {
        server.close();
        for (const socket of waiting) socket.destroy();
      }),
    );
  });
}

function holderGone(address: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
  });
}
