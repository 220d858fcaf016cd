import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { BpfError, rephrase } from '../errors.js';
import { type MessageSocketHandle, native } from '../native.js';
import { heldCapabilities, inInitialUserNamespace } from '../object/index.js';
import { LinkAccount } from './broker-account.js';
import { BrokerConnection, type Shared } from './broker-connection.js';
import { type BrokerOptions, checkedOptions } from './broker-options.js';
import { hierarchy } from './hierarchy.js';

const BACKLOG = 1024;

// Accepted in one turn of the event loop: a crowd at the door keeps those inside waiting for no longer than this.
const MOST_ACCEPTED = 16;

// Threads that close what a user has sent, which lasts as long as the user likes.
const MOST_DISCARDING = 4;

/** After this a broker that has no descriptor left for a client looks again. */
const PAUSE_MS = 100;

/**
 * Lets processes without privileges attach programs to cgroups of their own: it holds loaded programs that were vetted,
 * and attaches them for whoever asks, within the subtree that was delegated to them.
 *
 * A client gets the link and nothing else: it can detach what it attached, and that goes when the client ends. It can
 * load nothing and reach no other cgroup. It can loosen nothing that stands above: the programs of all ancestors run
 * too, and one denial is enough. A client never gets a program's descriptor, for the kernel asks no privilege of
 * whoever attaches one to any cgroup that they can open (kernel/bpf/syscall.c link_create()).
 *
 * The cgroup's directory must belong to the client's user, which is how the kernel delegates (`chown`).
 *
 * Needs CAP_SYS_ADMIN, to see which links are still there, and CAP_DAC_READ_SEARCH, to find a cgroup by its id without
 * looking through the hierarchy. Linux 5.19; `lsm_cgroup/` programs 6.0.
 */
export class Broker implements Disposable {
  /** Where it listens. */
  readonly path: string;
  readonly #shared: Shared;
  readonly #listening: MessageSocketHandle;
  readonly #inode: bigint;
  readonly #connections = new Set<BrokerConnection>();
  #pause: NodeJS.Timeout | undefined;
  #keepsAlive = true;
  #closed = false;

  /**
   * Listens from now on.
   *
   * @throws BpfError `EADDRINUSE` when the path is taken, `EACCES`, `ENOENT`; `EPERM` without CAP_SYS_ADMIN, or in a
   *   user namespace; `ERR_BPF_NO_CGROUP2`; `ERR_BPF_ARGUMENT` for a program that attaches to no cgroup, and for what
   *   else is wrong with the options; `ERR_BPF_NOT_GUARANTEED` for a program that may call bpf_set_retval(0)
   */
  constructor(options: BrokerOptions) {
    assertPrivileged();
    const checked = checkedOptions(options);
    const { mountPoint } = hierarchy();
    this.path = checked.path;
    this.#shared = {
      options: checked,
      account: new LinkAccount(checked.limits.linksPerUser),
      record: (record) => queueMicrotask(() => checked.onRecord(record)),
      device: statSync(mountPoint, { bigint: true }).dev,
    };
    this.#listening = listen(checked.path, checked.mode, () => this.#accept());
    this.#inode = lstatSync(checked.path, { bigint: true }).ino;
    native().messageArm(this.#listening);
  }

  /** How many clients are connected. */
  get clients(): number {
    return this.#connections.size;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Lets the process end although the broker waits for clients: like `unref()` of a server. */
  unref(): void {
    this.#keepsAlive = false;
    if (!this.#closed) native().messageRef(this.#listening, false);
    this.#pause?.unref();
  }

  /**
   * Ends every connection and stops to listen. Links that were handed over are their clients', and stay; see
   * {@link Link.openById} and {@link Link.detach} for taking them back. Closing twice is fine.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#pause);
    native().messageClose(this.#listening);
    for (const connection of this.#connections) connection.close();
    // The path may be another broker's by now.
    if (lstatSync(this.path, { bigint: true, throwIfNoEntry: false })?.ino === this.#inode)
      unlinkSync(this.path);
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #accept(): void {
    if (this.#closed) return;
    try {
      for (let i = 0; i < MOST_ACCEPTED && this.#acceptOne(); i++);
      if (!this.#closed) native().messageArm(this.#listening);
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      // No descriptor or no memory is left. Who waits at the door would wake it at once again.
      this.#pause = setTimeout(() => this.#accept(), PAUSE_MS);
      if (!this.#keepsAlive) this.#pause.unref();
      this.#shared.record({ error });
    }
  }

  /** Whether there was somebody. */
  #acceptOne(): boolean {
    if (this.#closed) return false;
    let connection: BrokerConnection | undefined;
    const socket = native().messageAccept(this.#listening, () => connection?.serve());
    if (!socket) return false;
    connection = new BrokerConnection(socket, this.#shared, (ended) => this.#connections.delete(ended));
    const obstacle = this.#obstacleFor(connection, native().messageDiscarding(socket));
    if (obstacle) {
      connection.dismiss(obstacle);
    } else {
      this.#connections.add(connection);
      connection.listen();
    }
    return true;
  }

  /** Why somebody is turned away at the door. */
  #obstacleFor(connection: BrokerConnection, discarding: number): BpfError | undefined {
    const { clients, clientsPerUser } = this.#shared.options.limits;
    const { uid } = connection.peer;
    const same = [...this.#connections].filter(({ peer }) => peer.uid === uid).length;
    if (same >= clientsPerUser) return limit(`${same} clients of user ${uid} are connected`);
    if (this.#connections.size >= clients) return limit(`${this.#connections.size} clients are connected`);
    if (discarding >= MOST_DISCARDING)
      return limit(`what user ${uid} has sent does not let itself be closed`);
    try {
      connection.subtree();
      return undefined;
    } catch (error) {
      if (error instanceof BpfError) return error;
      throw error;
    }
  }
}

function listen(path: string, mode: number, onReadable: () => void): MessageSocketHandle {
  try {
    return native().messageListen(path, mode, BACKLOG, onReadable);
  } catch (cause) {
    if (!(cause instanceof BpfError) || cause.code !== 'EADDRINUSE') throw cause;
    throw rephrase(cause, cause.message, { hint: 'if no broker listens there any more, remove it' });
  }
}

function assertPrivileged(): void {
  const why = !inInitialUserNamespace()
    ? 'it is in a user namespace, where capabilities do not count'
    : !heldCapabilities().has('CAP_SYS_ADMIN') && 'it lacks CAP_SYS_ADMIN';
  if (!why) return;
  throw new BpfError(`this process cannot be a Broker: ${why}`, {
    code: 'EPERM',
    reason: 'permission',
    hint: 'run it as root',
  });
}

function limit(why: string): BpfError {
  return new BpfError(`the broker has no room for another client: ${why}`, {
    code: 'ERR_BPF_BROKER_LIMIT',
    reason: 'permission',
    hint: 'close a connection first, or try again later',
  });
}
