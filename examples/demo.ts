// Shows on a real kernel what the library is for, step by step, and fails if any step is not as stated.
//
// A child process asks for executable memory on its heap, a real mprotect(2), before, while and after a BPF LSM
// program forbids it. The program is loaded by a second Node process that exits; the policy stays, by its pin.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { release } from 'node:os';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BpfObject, Link, RingBuffer } from 'bpf-lsm';
import { OBJECT } from './mprotect_guard.js';
import type { MprotectGuard } from './types/mprotect_guard.js';

const PIN = `/sys/fs/bpf/bpf-lsm-demo-${process.pid}/link`;
const TARGET = fileURLToPath(new URL('../test/mprotect', import.meta.url));

/** A child that makes a system call when told to, and says what came of it. */
class Target {
  readonly #child: ChildProcess = spawn(TARGET, { stdio: ['pipe', 'pipe', 'inherit'] });
  readonly #lines: Interface = createInterface({ input: this.#stream('stdout') });

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ask(command: string): Promise<string> {
    this.#child.stdin?.write(`${command}\n`);
    const [line] = (await once(this.#lines, 'line')) as [string];
    return outcome(line.slice(command.length + 1));
  }

  end(): void {
    this.#child.stdin?.end();
  }

  #stream(name: 'stdout'): NodeJS.ReadableStream {
    const stream = this.#child[name];
    if (!stream) throw new Error(`${TARGET} could not be started`);
    return stream;
  }
}

let failures = 0;

function step(what: string, got: string, wanted: string): void {
  const ok = got === wanted;
  if (!ok) failures++;
  console.log(`${ok ? 'ok  ' : 'FAIL'}  ${what}: ${got}${ok ? '' : ` (expected ${wanted})`}`);
}

/** The child's answer: 0, or the name of the errno it got. */
function outcome(answer: string): string {
  return answer === '0' ? 'allowed' : `denied with ${answer}`;
}

/** The second process: loads, attaches, sees one denial, pins, exits. */
async function load(pid: number, pin: string): Promise<void> {
  const open = BpfObject.open<MprotectGuard>(OBJECT);
  open.globals.target_pid = pid;
  open.globals.mode = 'MODE_ENFORCE';
  using guard = await open.load();
  using link = guard.programs.guard_mprotect.attach();
  using events = new RingBuffer(guard.maps.events);
  process.send?.('attached');
  for await (const event of events) {
    console.log('      the event, decoded by the types in the object file:', event);
    break;
  }
  link.pin(pin);
}

async function demo(): Promise<void> {
  console.log(
    `\nLinux ${release()}. A child process will ask for executable memory on its heap: mprotect(2).\n`,
  );
  const target = new Target();
  step('before any policy', await target.ask('heap-exec'), 'allowed');

  const loader = spawn(process.execPath, [fileURLToPath(import.meta.url), String(target.pid), PIN], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(loader, 'exit');
  await Promise.race([once(loader, 'message'), exited]);
  step(
    'a Node process has loaded and attached an LSM program',
    await target.ask('heap-exec'),
    'denied with EPERM',
  );
  step(
    '  the same on a file mapping, which the policy does not cover',
    await target.ask('file-exec'),
    'allowed',
  );

  const [status] = await exited;
  step('the loader has pinned the link and exited with status', String(status), '0');
  step('  the pinned policy still holds', await target.ask('heap-exec'), 'denied with EPERM');

  const link = Link.open(PIN);
  link.unpin();
  link.close();
  step('unpinned and closed', await target.ask('heap-exec'), 'allowed');
  target.end();
}

/** Takes away what a step that failed may have left. */
function cleanUp(): void {
  spawnSync('rm', ['-rf', '--', PIN.slice(0, PIN.lastIndexOf('/'))]);
}

const [, , pid, pin] = process.argv;
if (pid !== undefined && pin !== undefined) {
  await load(Number(pid), pin);
} else {
  try {
    await demo();
  } finally {
    cleanUp();
  }
  console.log(failures === 0 ? '\nEvery step was as stated.' : `\n${failures} steps were NOT as stated.`);
  process.exitCode = failures === 0 ? 0 : 1;
}
