import { closeSync, constants, existsSync, openSync, readlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { BpfError } from '../../errors.js';
import { native } from '../../native.js';
import { BpfObject } from '../../object/index.js';
import { ftraceCanBeSwitchedOff } from './ftrace-switch.js';
import { assertToken, guardId, hashOfToken } from './guard-token.js';
import { type Guarded, guardedIds, isThere, keyOf } from './guarded-ids.js';
import type { KernelObjects } from './kernel-objects.js';
import { loadPrograms } from './load-programs.js';
import type { Passage } from './passage.js';
import { PinnedLinks } from './pinned-links.js';
import { REPORT } from './report.js';

/** bpf/engine/guard.bpf.c */
interface GuardShape {
  programs: (typeof GUARDS)[number] | typeof SWITCH | 'record_place';
  maps: {
    guard: { type: 'array'; key: number; value: GuardRecord };
    guarded: { type: 'hash'; key: Guarded; value: number };
  };
  globals: Record<never, never>;
}

interface GuardRecord {
  armed: number;
  place: number;
  id: Uint8Array;
  token: number[];
  dentry: bigint;
  mount: bigint;
  denied: bigint;
  wrong_tokens: bigint;
  zero: bigint;
}

/** bpf/engine/report.bpf.c */
interface ReportShape {
  programs: 'report';
  maps: { guard_lines: { type: 'array'; key: number; value: number } };
  globals: Record<never, never>;
}

const GUARDS = [
  'guard_calls',
  'guard_maps',
  'guard_programs',
  'guard_holders_themselves',
  'guard_unlink',
  'guard_rmdir',
  'guard_mkdir',
  'guard_symlink',
  'guard_link',
  'guard_rename',
  'guard_pin',
  'guard_mount',
  'guard_move_mount',
  'guard_umount',
  'guard_pivot_root',
] as const;

// It is asked whenever a file is opened: only where it is of use.
const SWITCH = 'guard_switch';

const MAPS = ['guard', 'guarded', 'guard_holders', 'guard_commands', 'guard_lines'];

const OBJECT = new URL('../../../dist/bpf/engine/guard.bpf.o', import.meta.url);
const REPORT_OBJECT = new URL('../../../dist/bpf/engine/report.bpf.o', import.meta.url);

// include/uapi/asm-generic/fcntl.h: Node does not name it.
const O_PATH = 0o10000000;

/**
 * The guard of an engine, beside it in its directory. While it is armed, who has not presented the token gets nothing of
 * the engine's. It can be made, and taken away, again and again from wherever it was left: as long as it is not armed
 * anybody may go on, and when it is, whoever has the token.
 */
export class Guard implements Disposable {
  readonly #directory: string;
  readonly #object: BpfObject<GuardShape>;
  readonly #links: PinnedLinks;

  private constructor(directory: string, object: BpfObject<GuardShape>) {
    this.#directory = directory;
    this.#object = object;
    this.#links = linksOf(directory);
  }

  /** Whether something of a guard is there, armed or not. */
  static exists(directory: string): boolean {
    return existsSync(join(directory, 'guard'));
  }

  /** The programs that are missing of an armed guard. */
  static absent(directory: string): string[] {
    const attached = linksOf(directory).named();
    return GUARDS.filter((program) => !attached.includes(program));
  }

  static async open(directory: string): Promise<Guard> {
    return new Guard(directory, await loadPrograms<GuardShape>(OBJECT, directory, []));
  }

  /**
   * Puts the guard up, or renews it with another token: from then on it is armed, and this process may pass.
   *
   * @throws BpfError `ERR_BPF_STATE` in another mount namespace than that of init, whose mounts end with it;
   *   `ERR_BPF_NOT_VERIFIED` when it does not hold, and then nothing is guarded
   */
  async establish(token: string, objects: KernelObjects, passage: Passage): Promise<void> {
    assertToken(token);
    const { guard } = this.#object.maps;
    const armed = this.#record.armed === 1;
    if (!armed) assertHostMounts();
    await this.#attach();
    await this.#pinReport();
    if (!armed) await this.#recordPlace();
    this.sync(objects);
    // The last thing: when anything before it fails, the token until now still opens what is guarded.
    guard.set(0, {
      ...this.#record,
      armed: 1,
      id: Buffer.from(guardId(this.#directory), 'latin1'),
      token: hashOfToken(token),
    });
    if (armed) return;
    try {
      this.#assertHolds();
    } catch (cause) {
      // While it holds against this process too, the token opens it.
      passage.ask(token);
      guard.set(0, { ...this.#record, armed: 0 });
      throw cause;
    }
    passage.ask(token);
    guard.set(0, { ...this.#record, denied: 0n });
  }

  /** What is guarded is what the engine consists of now, and nothing else. */
  sync(objects: KernelObjects): void {
    const { guarded } = this.#object.maps;
    const wanted = new Map(guardedIds(this.#directory, objects).map((what) => [keyOf(what), what]));
    const found = new Map([...guarded.keys()].map((what) => [keyOf(what), what]));
    guarded.setMany([...wanted].filter(([key]) => !found.has(key)).map(([, what]) => [what, 1] as const));
    for (const [key, what] of found) if (!wanted.has(key)) guarded.delete(what);
  }

  /**
   * Whatever who has the token has made since is guarded too (bpf/engine/guard.bpf.c guard_new()): what of it is gone again
   * is forgotten here, so that there is room for more. Nothing is done where nothing is guarded.
   */
  static async sweep(directory: string): Promise<void> {
    if (!Guard.exists(directory)) return;
    using guard = await Guard.open(directory);
    const { guarded } = guard.#object.maps;
    for (const what of [...guarded.keys()]) if (!isThere(what)) guarded.delete(what);
  }

  /** Lets everybody pass from now on, and takes the guard away. */
  remove(): void {
    // Pinned elsewhere, its programs would stay: they let pass then.
    this.#object.maps.guard.set(0, { ...this.#record, armed: 0 });
    this.#links.keepOnly([]);
    this.#links.removeDirectory();
    for (const name of [REPORT, ...MAPS]) {
      const pin = join(this.#directory, name);
      if (existsSync(pin)) unlinkSync(pin);
    }
  }

  [Symbol.dispose](): void {
    this.#object.close();
  }

  get #record(): GuardRecord {
    return this.#object.maps.guard.get(0) as GuardRecord;
  }

  async #attach(): Promise<void> {
    const programs = ftraceCanBeSwitchedOff() ? [...GUARDS, SWITCH] : GUARDS;
    await this.#links.attach(programs, OBJECT, (missing) => loadPrograms(OBJECT, this.#directory, missing));
  }

  async #pinReport(): Promise<void> {
    const pin = join(this.#directory, REPORT);
    if (existsSync(pin)) return;
    using object = await BpfObject.open<ReportShape>(REPORT_OBJECT, { pinRoot: this.#directory }).load();
    using link = object.programs.report.attach({ iterate: { map: object.maps.guard_lines } });
    link.pin(pin);
  }

  /** Lets the kernel write down where the directory is, of a descriptor of it. */
  async #recordPlace(): Promise<void> {
    const { guard } = this.#object.maps;
    const recorder = await this.#object.loadProgram('record_place');
    const place = openSync(this.#directory, O_PATH | constants.O_DIRECTORY);
    try {
      guard.set(0, { ...this.#record, place, dentry: 0n, mount: 0n });
      using link = recorder.attach({ iterate: { pid: process.pid } });
      await link.text();
    } finally {
      closeSync(place);
    }
    if (this.#record.mount === 0n) throw notVerified(`the kernel does not show ${this.#directory}`);
  }

  #assertHolds(): void {
    const control = join(this.#directory, 'control');
    try {
      native().mapClose(native().mapOpenPinned(control, 0));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EPERM') return;
      throw cause;
    }
    throw notVerified(`${control} can be opened`);
  }
}

function linksOf(directory: string): PinnedLinks {
  return new PinnedLinks(directory, 'guard_links', MAPS);
}

// fs/namespace.c put_mnt_ns(): the mounts of a namespace end with its last process, and nobody is asked.
function assertHostMounts(): void {
  if (readlinkSync('/proc/self/ns/mnt') === readlinkSync('/proc/1/ns/mnt')) return;
  throw new BpfError('policies are guarded in the mount namespace of init only: the mounts of others end', {
    code: 'ERR_BPF_STATE',
    reason: 'input',
    hint: 'apply them from there, such as with nsenter --target 1 --mount',
  });
}

function notVerified(why: string): BpfError {
  return new BpfError(`the guard does not hold: ${why}`, { code: 'ERR_BPF_NOT_VERIFIED', reason: 'kernel' });
}
