import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Port } from './port.js';
import type { SerialPort } from './qemu.js';
import { StreamCutter, type StreamEvents } from './streams.js';
import { quoteWords } from './words.js';

/** How a command's third port is used: not at all, as standard input, or as its descriptor 3, both ways. */
export type InputMode = 'n' | 'i' | 'c';

/** How a command ended, as the agent tells it. */
export interface SlotStatus {
  readonly status: number;
  readonly signalled: boolean;
}

/** Told of a running command. */
export interface SlotEvents {
  begin(): void;
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
  /** All output has been passed on. */
  end(status: SlotStatus): void;
}

/** One command at a time runs in a slot: three serial ports, see the guest's agent. */
export class Slot {
  readonly number: number;
  readonly output: Port;
  readonly errors: Port;
  readonly #inputPath: string;
  busy = false;

  private constructor(number: number, output: Port, errors: Port, inputPath: string) {
    this.number = number;
    this.output = output;
    this.errors = errors;
    this.#inputPath = inputPath;
  }

  static async make(number: number, dir: string): Promise<Slot> {
    const path = (suffix: string): string => join(dir, `${number}${suffix}`);
    const [output, errors] = await Promise.all([Port.listen(path('o')), Port.listen(path('e'))]);
    return new Slot(number, output, errors, path('i'));
  }

  get ports(): SerialPort[] {
    const first = this.number * 3 + 2;
    return [
      { number: first, socket: this.output.path, listener: 'host' },
      { number: first + 1, socket: this.errors.path, listener: 'host' },
      { number: first + 2, socket: this.#inputPath, listener: 'qemu' },
    ];
  }

  /** Starts a command. With an input mode other than 'n' the result is the third port's socket. */
  async start(words: readonly string[], mode: InputMode, events: SlotEvents): Promise<Socket | undefined> {
    this.busy = true;
    const mark = randomBytes(16).toString('hex');
    this.#listen(mark, events);
    const input = mode === 'n' ? undefined : await this.#connectInput(mark);
    this.output.send(`${mark} ${mode} ${quoteWords(words)}\n`);
    return input;
  }

  /** What an earlier command has not read is ended by the newline; the agent looks for the mark. */
  async #connectInput(mark: string): Promise<Socket> {
    const socket = connect({ path: this.#inputPath, allowHalfOpen: true });
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    socket.write(`\n${mark}\n`);
    return socket;
  }

  #listen(mark: string, events: SlotEvents): void {
    let status: SlotStatus | undefined;
    let streams = 2;
    const ended = (): void => {
      streams -= 1;
      if (streams > 0 || status === undefined) return;
      this.output.onData = () => undefined;
      this.errors.onData = () => undefined;
      this.busy = false;
      events.end(status);
    };
    const cut = (port: Port, stream: StreamEvents): void => {
      const cutter = new StreamCutter(mark, stream);
      port.onData = (chunk) => cutter.push(chunk);
    };
    cut(this.output, {
      begin: () => events.begin(),
      data: (chunk) => events.stdout(chunk),
      end: (trailer) => {
        const [code, signalled] = trailer.split(' ');
        status = { status: Number(code), signalled: signalled === '1' };
        ended();
      },
    });
    cut(this.errors, { begin: () => undefined, data: (chunk) => events.stderr(chunk), end: ended });
  }

  close(): void {
    this.output.close();
    this.errors.close();
  }
}
