import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BpfError,
  type BpfObject,
  type BpfProgram,
  Broker,
  type BrokerOptions,
  type BrokerRecord,
  type Cgroup,
} from '../../src/index.js';
import { native } from '../../src/native.js';
import { linkInfoById } from '../../src/object/index.js';
import { TestCgroup } from './cgroup-contract.js';
import { Child } from './child.js';
import { Helper } from './helper.js';
import { program } from './objects.js';
import { asOrdinaryUser } from './ordinary-user.js';

/** A cgroup of somebody's, with one in it that is delegated to a user, and one that is not. */
export class DelegatedCgroups implements Disposable {
  readonly #own = new TestCgroup();
  readonly outer: Cgroup = this.#own.cgroup;
  readonly inner: Cgroup = this.outer.createChild('inner');
  readonly beside: Cgroup = this.outer.createChild('beside');

  constructor(uid: number) {
    delegate(this.inner, uid);
  }

  [Symbol.dispose](): void {
    this.#own[Symbol.dispose]();
  }
}

/** As Documentation/admin-guide/cgroup-v2.rst has it: the directory, and the files that its owner writes to. */
export function delegate(cgroup: Cgroup, uid: number): void {
  chownSync(cgroup.path, uid, uid);
  const files = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'];
  for (const file of readdirSync(cgroup.path)) {
    if (files.includes(file)) chownSync(join(cgroup.path, file), uid, uid);
  }
}

/** A broker at a path of its own, and all that it told. */
export class TestBroker implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-broker-'));
  readonly path = join(this.#directory, 'socket');
  readonly records: BrokerRecord[] = [];
  readonly broker: Broker;

  constructor(options: Omit<BrokerOptions, 'path' | 'onRecord'>) {
    // Others must come to the socket.
    chmodSync(this.#directory, 0o755);
    this.broker = new Broker({
      ...options,
      path: this.path,
      onRecord: (record) => this.records.push(record),
    });
  }

  /** The codes of what it refused. */
  get refusals(): (string | undefined)[] {
    return this.records.map(({ error }) => error?.code);
  }

  [Symbol.dispose](): void {
    this.broker.close();
    rmSync(this.#directory, { recursive: true });
  }
}

/** The programs of the fixture `brokered` that a broker may hand out, by the names that clients use. */
export function brokeredPrograms({ programs }: BpfObject): Record<string, BpfProgram> {
  return { egress: programs.count_egress as BpfProgram, ingress: programs.drop_ingress as BpfProgram };
}

/** A broker that hands them out to anybody, in cgroups of theirs below one. */
export function brokered(object: BpfObject, top: Cgroup, options: Partial<BrokerOptions> = {}): TestBroker {
  return new TestBroker({ programs: brokeredPrograms(object), subtreeOf: () => top, ...options });
}

/** The ids of the links to a cgroup and those below. */
export function attachedIn(top: Cgroup): number[] {
  const cgroups = [...top.subtree()].map(({ id }) => id);
  return native()
    .inventoryIds('link')
    .filter((id) => {
      const info = linkInfoById(id);
      return info?.type === 'cgroup' && cgroups.includes(info.cgroupId);
    });
}

/** Resolves when it holds, which is for others to bring about; the test's time bounds it. */
export async function settled(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

/** A manager without privileges, in a process of its own; see test/children/broker-client.mjs. */
export class Manager implements Disposable {
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  static async start(command: string[] = asOrdinaryUser()): Promise<Manager> {
    const child = new Child('broker-client', [], { command });
    await child.message();
    return new Manager(child);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What the call gave; what it threw is thrown here too. */
  async ask<T = unknown>(call: string, ...args: (string | number)[]): Promise<T> {
    this.#child.send({ call, args });
    const answer = (await this.#child.message()) as { value: T } | { error: BpfError };
    if ('value' in answer) return answer.value;
    const { message, ...fields } = answer.error;
    // Its message ends with the hint already.
    throw Object.defineProperties(new BpfError(message, { code: fields.code }), descriptorsOf(fields));
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.ended();
  }

  [Symbol.dispose](): void {
    this.#child[Symbol.dispose]();
  }
}

/** A client that keeps to no rules; see test/fixtures/liar.c. */
export async function connectedLiar(path: string): Promise<Helper> {
  const liar = new Helper(program('liar'), asOrdinaryUser());
  const connected = await liar.ask('connect', path);
  if (connected !== '0') throw new Error(`the liar cannot connect: ${connected}`);
  return liar;
}

function descriptorsOf(fields: object): PropertyDescriptorMap {
  const entries = Object.entries(fields).map(([name, value]) => [name, { value, enumerable: true }]);
  return Object.fromEntries(entries);
}
