import { createServer, type Server, type Socket } from 'node:net';

/** The host's end of a serial port that QEMU connects to when it starts. */
export class Port {
  readonly path: string;
  /** Told of what comes from the guest; set for the time of a command. */
  onData: (chunk: Buffer) => void = () => undefined;
  #server: Server;
  #socket: Socket | undefined;
  #unsent: string[] = [];

  private constructor(path: string, server: Server) {
    this.path = path;
    this.#server = server;
    server.on('connection', (socket) => this.#connected(socket));
  }

  static listen(path: string): Promise<Port> {
    return new Promise((resolve, reject) => {
      const server = createServer();
      server.on('error', reject);
      server.listen(path, () => resolve(new Port(path, server)));
    });
  }

  #connected(socket: Socket): void {
    this.#socket = socket;
    this.#server.close();
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    for (const text of this.#unsent.splice(0)) socket.write(text);
  }

  /** Sends a line now, or when QEMU has connected. QEMU keeps it until the guest has opened the port. */
  send(text: string): void {
    if (this.#socket === undefined) this.#unsent.push(text);
    else this.#socket.write(text);
  }

  /** Stops and resumes reading, so that a slow reader on this side makes the guest's command wait. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  close(): void {
    this.#server.close();
    this.#socket?.destroy();
  }
}
