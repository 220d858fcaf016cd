import { Cgroup } from '../../src/index.js';
import { Helper } from './helper.js';
import { program } from './objects.js';

/** What {@link SocketUser} makes of a socket. */
export type SocketKind =
  | 'tcp'
  | 'tcp6'
  | 'udp'
  | 'udp6'
  | 'mptcp'
  | 'smc'
  | 'sctp'
  | 'raw'
  | 'packet'
  | 'stream'
  | 'datagram'
  | 'sequence';

/**
 * A process that uses sockets when told to, and that can be moved from cgroup to cgroup; see test/fixtures/sockets.c.
 * Each answer is `0`, what was read, or the name of an errno.
 */
export class SocketUser implements Disposable {
  readonly #helper = new Helper(program('sockets'));
  #sockets = 0;

  get pid(): number {
    return this.#helper.pid;
  }

  ask(...words: (string | number)[]): Promise<string> {
    return this.#helper.ask(...words);
  }

  /** The number of a new socket; the name of the errno when it was denied. */
  async socket(kind: SocketKind): Promise<number | string> {
    const number = this.#sockets++ % 64;
    const answer = await this.ask('socket', number, kind);
    return answer === '0' ? number : answer;
  }

  /** What a call on a new socket gives. */
  async once(kind: SocketKind, call: string, ...words: (string | number)[]): Promise<string> {
    const socket = await this.socket(kind);
    if (typeof socket === 'string') return socket;
    const answer = await this.ask(call, socket, ...words);
    await this.ask('close', socket);
    return answer;
  }

  /** The port that a new socket got which is bound to this one. */
  async boundPort(kind: SocketKind, port: number): Promise<string> {
    const socket = await this.socket(kind);
    const answer = await this.ask('bind', socket, port);
    const got = answer === '0' ? await this.ask('port', socket) : answer;
    await this.ask('close', socket);
    return got;
  }

  /** Moves it; to the top of the hierarchy by default. */
  move(cgroup: Cgroup = Cgroup.root()): void {
    cgroup.add(this.pid);
  }

  [Symbol.dispose](): void {
    // Where it is now can be removed at once, whenever the kernel is done with the process.
    this.move();
    this.#helper[Symbol.dispose]();
  }
}
