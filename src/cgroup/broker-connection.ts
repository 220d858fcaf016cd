import { fstatSync } from 'node:fs';
import { BpfError, rephrase } from '../errors.js';
import { type MessageSocketHandle, type NativeMessage, native } from '../native.js';
import type { BpfProgram, Link } from '../object/index.js';
import type { LinkAccount } from './broker-account.js';
import { type Answer, decodeRequest, encodeMessage, failureOf, type Request } from './broker-messages.js';
import type { BrokerPeer, BrokerRecord, CheckedOptions } from './broker-options.js';
import { Cgroup } from './cgroup.js';

/** What all connections of a broker share. */
export interface Shared {
  options: CheckedOptions;
  account: LinkAccount;
  /** Tells of what was done or refused, in a turn of its own: whoever is told may throw, or close the broker. */
  record(record: BrokerRecord): void;
  /** The device number of the cgroup hierarchy. */
  device: bigint;
}

/** Somebody who is connected to a broker. Nothing they send is believed. */
export class BrokerConnection {
  readonly peer: BrokerPeer;
  readonly #socket: MessageSocketHandle;
  readonly #shared: Shared;
  readonly #onClose: (connection: BrokerConnection) => void;
  #closed = false;

  constructor(socket: MessageSocketHandle, shared: Shared, onClose: (connection: BrokerConnection) => void) {
    this.#socket = socket;
    this.#shared = shared;
    this.#onClose = onClose;
    this.peer = Object.freeze(native().messagePeer(socket));
  }

  listen(): void {
    native().messageRef(this.#socket, false);
    native().messageArm(this.#socket);
  }

  /** One request for each turn of the event loop: who floods delays nobody but themselves. */
  serve(): void {
    if (this.#closed) return;
    try {
      const message = native().messageReceive(this.#socket, this.#shared.device);
      if (message) this.#answer(message);
      else if (message === undefined) this.close();
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      this.dismiss(error);
    }
    if (!this.#closed) native().messageArm(this.#socket);
  }

  /** Ends the connection, and tells the client why, if that can still be told. */
  dismiss(error: BpfError): void {
    if (this.#closed) return;
    try {
      native().messageSend(this.#socket, encodeMessage({ farewell: failureOf(error) }));
    } catch (unsent) {
      if (!(unsent instanceof BpfError)) throw unsent;
    }
    this.close();
    this.#record({ error });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    native().messageClose(this.#socket);
    this.#onClose(this);
  }

  /** @throws BpfError for a client that cannot be told, or sends what is no request: the connection is to end */
  #answer(message: NativeMessage): void {
    const fit = message.whole && message.others === 0;
    const request = fit ? decodeRequest(message.bytes) : undefined;
    if (!request) throw noRequest();
    const { id } = request;
    if (request.call === 'programs') {
      this.#send({ id, programs: Object.keys(this.#shared.options.programs) });
    } else {
      this.#answerAttach(request, message.cgroups);
    }
  }

  #answerAttach({ id, program }: Request & { call: 'attach' }, cgroups: readonly bigint[]): void {
    const record: Omit<BrokerRecord, 'peer'> = { program };
    let made: Link;
    try {
      made = this.#attach(program, cgroups, record);
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      this.#send({ id, error: failureOf(error) });
      this.#record({ ...record, error });
      return;
    }
    // This process's hold on the link ends here, whatever happens; the client's begins with the message. A message that
    // nobody receives any more is dropped by the kernel, and the link with it.
    using link = made;
    this.#send({ id, attached: link.id }, link);
    this.#record({ ...record, linkId: link.id });
  }

  #attach(name: string, cgroups: readonly bigint[], record: Omit<BrokerRecord, 'peer'>): Link {
    const { account } = this.#shared;
    const { uid } = this.peer;
    const program = this.#program(name);
    const cgroup = this.#cgroup(cgroups);
    record.cgroup = cgroup;
    account.assertRoom(uid);
    const link = program.attach({ cgroup, guaranteed: true });
    account.add(uid, link.id);
    return link;
  }

  #program(name: string): BpfProgram {
    const { programs } = this.#shared.options;
    const program = Object.hasOwn(programs, name) ? programs[name] : undefined;
    if (program) return program;
    throw refusal('the broker has no such program', { hint: `it has ${Object.keys(programs).join(', ')}` });
  }

  /**
   * The one cgroup that came open beside the request, if the client may attach there. All that is taken from the
   * client's descriptor is the id. What it names is looked up here: a client can mount directories over each other in
   * a mount namespace of its own, and so make any path lead from its descriptor to its subtree.
   */
  #cgroup([id, ...more]: readonly bigint[]): Cgroup {
    const { uid } = this.peer;
    if (id === undefined || more.length > 0) throw refusal('a request to attach comes with one open cgroup');
    const subtree = this.subtree();
    const cgroup = Cgroup.byId(id);
    if (!subtree.contains(cgroup)) {
      throw refusal(`cgroup ${cgroup.path} is not in ${subtree.path}, where user ${uid} may attach`, {
        path: cgroup.path,
      });
    }
    const owner = cgroup.use((fd) => fstatSync(fd).uid);
    if (owner === uid) return cgroup;
    throw refusal(`cgroup ${cgroup.path} is user ${owner}'s, not user ${uid}'s`, { path: cgroup.path });
  }

  /**
   * Where the client may attach.
   *
   * @throws BpfError `ERR_BPF_BROKER_REFUSED` when nowhere, `ERR_BPF_CGROUP_GONE`
   */
  subtree(): Cgroup {
    const subtree = this.#askForSubtree();
    if (!subtree) throw refusal(`the broker lets user ${this.peer.uid} attach nowhere`);
    // Another may have its name by now.
    subtree.use(() => undefined);
    return subtree;
  }

  #askForSubtree(): Cgroup | undefined {
    try {
      const subtree = this.#shared.options.subtreeOf(this.peer);
      if (subtree === undefined || subtree instanceof Cgroup) return subtree;
    } catch (cause) {
      if (cause instanceof BpfError)
        throw rephrase(cause, `the broker cannot tell where you may attach: ${cause.message}`);
      throw refusal('the broker cannot tell where you may attach', { cause });
    }
    throw refusal('the broker cannot tell where you may attach: subtreeOf() gave no Cgroup');
  }

  #send(answer: Answer, link?: Link): void {
    const bytes = encodeMessage(answer);
    const sent = link
      ? native().messageSendWith(this.#socket, bytes, link.handle)
      : native().messageSend(this.#socket, bytes);
    if (sent) return;
    throw new BpfError('a client of the broker does not read its answers', {
      code: 'ERR_BPF_BROKER_MESSAGE',
      reason: 'input',
    });
  }

  #record(record: Omit<BrokerRecord, 'peer'>): void {
    this.#shared.record({ peer: this.peer, ...record });
  }
}

function noRequest(): BpfError {
  return new BpfError('the broker was sent something that is no request', {
    code: 'ERR_BPF_BROKER_MESSAGE',
    reason: 'input',
  });
}

function refusal(message: string, more: { hint?: string; path?: string; cause?: unknown } = {}): BpfError {
  return new BpfError(message, { code: 'ERR_BPF_BROKER_REFUSED', reason: 'permission', ...more });
}
