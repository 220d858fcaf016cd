import { BpfError, rephrase } from '../errors.js';
import { type MessageSocketHandle, type NativeMessage, native } from '../native.js';
import { Link } from '../object/index.js';
import { type Answer, decodeAnswer, encodeMessage, errorOf, type Request } from './broker-messages.js';
import type { Cgroup } from './cgroup.js';

/** What somebody waits for. */
interface Waiting {
  resolve(answer: Answer, message: NativeMessage): void;
  reject(error: BpfError): void;
}

/**
 * A connection to a {@link Broker}, for a process that may not load programs.
 *
 * ```ts
 * using broker = BrokerClient.connect('/run/bpf-lsm/broker');
 * using link = await broker.attach('deny_port', Cgroup.ofProcess('self'));
 * ```
 *
 * Needs no privilege: only that the cgroup's directory is this user's. Linux 5.19.
 */
export class BrokerClient implements Disposable {
  /** Where the broker listens. */
  readonly path: string;
  readonly #socket: MessageSocketHandle;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #end: BpfError | undefined;

  private constructor(path: string) {
    this.path = path;
    this.#socket = native().messageConnect(path, () => this.#receive());
    native().messageRef(this.#socket, false);
    native().messageArm(this.#socket);
  }

  /**
   * Connects. Whether the broker has room for this client shows at the first request.
   *
   * @param path - where the broker listens
   * @throws BpfError `ENOENT` or `ECONNREFUSED` when none does, `EACCES` when you may not connect, `EAGAIN` when too
   *   many are waiting at the door: try again
   */
  static connect(path: string): BrokerClient {
    return new BrokerClient(path);
  }

  /** Whether the connection has ended, by either side. */
  get closed(): boolean {
    return this.#end !== undefined;
  }

  /**
   * The names of the programs that the broker attaches.
   *
   * @throws BpfError `ERR_BPF_BROKER_LIMIT` when the broker has no room for this client, `ERR_BPF_BROKER_REFUSED` when
   *   it serves this user not at all, `ERR_BPF_BROKER_GONE`
   */
  async programs(): Promise<string[]> {
    return this.#ask({ id: ++this.#last, call: 'programs' }, null, (answer) =>
      'programs' in answer ? [...answer.programs] : undefined,
    );
  }

  /**
   * Has a program attached to a cgroup.
   *
   * @param program - one of {@link BrokerClient.programs}
   * @param cgroup - one that is this user's, within what the broker lets this user attach in
   * @returns the link: closing it, or the end of this process, detaches the program
   * @throws BpfError `ERR_BPF_BROKER_REFUSED` with the reason; `ERR_BPF_BROKER_LIMIT` when this user has all the links
   *   they may have, or the broker has no room for this client; `ERR_BPF_CGROUP_GONE`; `EACCES` when this process may
   *   not open the cgroup; what {@link BpfProgram.attach} throws, `EEXIST` when the program is attached there already
   *   among it; `ERR_BPF_BROKER_GONE`
   */
  async attach(program: string, cgroup: Cgroup): Promise<Link> {
    const id = ++this.#last;
    // The open directory says which cgroup is meant, whatever it is called where the broker is.
    return cgroup.use((directory) =>
      this.#ask({ id, call: 'attach', program }, directory, (answer, { links }) => {
        const link = 'attached' in answer ? links.shift() : undefined;
        return link && linkOf(link);
      }),
    );
  }

  /** Disconnects. Links stay; what was asked and not answered fails. Closing twice is fine. */
  close(): void {
    this.#close(this.#gone('it was closed here'));
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #ask<T>(
    request: Request,
    descriptor: number | null,
    read: (answer: Answer, message: NativeMessage) => T | undefined,
  ): Promise<T> {
    if (this.#end) throw this.#end;
    const asked = new Promise<T>((resolve, reject) => {
      this.#waiting.set(request.id, {
        reject,
        resolve: (answer, message) => {
          if ('error' in answer) reject(errorOf(answer.error));
          else {
            try {
              const result = read(answer, message);
              if (result === undefined) reject(this.#nonsense());
              else resolve(result);
            } catch (error) {
              reject(error);
            }
          }
        },
      });
    });
    native().messageRef(this.#socket, true);
    this.#send(request, descriptor);
    return asked;
  }

  /** Why it fails is told by what was asked. */
  #send(request: Request, descriptor: number | null): void {
    try {
      const bytes = encodeMessage(request);
      const sent =
        descriptor === null
          ? native().messageSend(this.#socket, bytes)
          : native().messageSendWith(this.#socket, bytes, descriptor);
      if (sent) return;
      this.#forget(request.id, this.#gone('it does not read what it is asked'));
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      // It has gone, and may have said why.
      if (error.code === 'EPIPE') this.#receive();
      else this.#forget(request.id, error);
    }
  }

  #receive(): void {
    try {
      for (;;) {
        if (this.#end) return;
        const message = native().messageReceive(this.#socket, 0n);
        if (message === null) break;
        if (message) this.#settle(message);
        else this.#close(this.#gone('it ended the connection'));
      }
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      this.#close(this.#gone(error.message));
    }
    if (!this.#end) native().messageArm(this.#socket);
  }

  #settle(message: NativeMessage): void {
    const answer = decodeAnswer(message.bytes);
    if (answer && 'farewell' in answer) {
      this.#close(errorOf(answer.farewell));
    } else {
      const waiting = answer && this.#waiting.get(answer.id);
      if (answer && waiting) {
        this.#forget(answer.id);
        waiting.resolve(answer, message);
      } else {
        this.#close(this.#nonsense());
      }
    }
    // Those that nobody asked for would stay open here for ever.
    for (const link of message.links) native().linkClose(link);
  }

  #forget(id: number, error?: BpfError): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) native().messageRef(this.#socket, false);
    if (error) waiting?.reject(error);
  }

  #close(error: BpfError): void {
    if (this.#end) return;
    this.#end = error;
    native().messageClose(this.#socket);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(rephrase(error, error.message));
  }

  #gone(why: string): BpfError {
    return new BpfError(`the broker at ${this.path} is gone: ${why}`, {
      code: 'ERR_BPF_BROKER_GONE',
      path: this.path,
      hint: 'connect again',
    });
  }

  #nonsense(): BpfError {
    return new BpfError(`the broker at ${this.path} answered something else than was asked`, {
      code: 'ERR_BPF_BROKER_MESSAGE',
      path: this.path,
    });
  }
}

function linkOf(handle: NativeMessage['links'][number]): Link {
  try {
    return new Link(handle);
  } catch (error) {
    native().linkClose(handle);
    throw error;
  }
}
