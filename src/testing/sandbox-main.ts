/**
 * The first process of the sandbox, run as a program. It has a mount and a process namespace of its own: it makes the
 * read-only view of the host's files, starts virtiofsd and QEMU, and ends when QEMU does or when the process that
 * started it is gone (the end of its standard input). The kernel then kills what is left in the process namespace.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hidden, parseMountinfo, remounts } from './mounts.js';
import { reportPrefix, type SandboxPlan, type SandboxReport, type SandboxServer } from './sandbox-plan.js';

/** A server that has not made its socket after this time (ms) never will. */
const PATIENCE = 10_000;

function report(what: SandboxReport): void {
  process.stderr.write(`${reportPrefix}${JSON.stringify(what)}\n`);
}

function mount(...args: string[]): void {
  const run = spawnSync('mount', args, { encoding: 'utf8' });
  if (run.error !== undefined) throw run.error;
  if (run.status !== 0) throw new Error(`mount ${args.join(' ')} failed: ${run.stderr.trim()}`);
}

/** The host's files, recursively, every mount of them read-only: what the guest does cannot reach the host. */
function mountHost(root: string): void {
  mount('--rbind', '/', root);
  for (const name of hidden) {
    if (existsSync(`${root}/${name}`)) mount('-t', 'tmpfs', '-o', 'ro,size=4k', 'none', `${root}/${name}`);
  }
  for (const { path, options } of remounts(
    parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')),
    root,
  )) {
    if (existsSync(path)) mount('-o', options, path);
  }
}

async function serve(server: SandboxServer, owner: SandboxPlan['owner']): Promise<void> {
  const [program = '', ...args] = server.argv;
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  const deadline = Date.now() + PATIENCE;
  while (!existsSync(server.socket)) {
    if (ended(child)) throw new Error(`${program} ended at once: ${said.trim()}`);
    if (Date.now() > deadline)
      throw new Error(`${program} did not make its socket in ${PATIENCE} ms: ${said.trim()}`);
    await sleep(3);
  }
  if (owner !== undefined) chownSync(server.socket, owner.uid, owner.gid);
  child.on('exit', () => report({ failed: `${program} ended: ${said.trim()}` }));
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

function asOwner(argv: readonly string[], owner: SandboxPlan['owner']): readonly string[] {
  if (owner === undefined) return argv;
  return ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--init-groups', '--', ...argv];
}

async function run(plan: SandboxPlan): Promise<void> {
  mountHost(plan.root);
  // QEMU's own virtiofsd writes a file below /run, where an ordinary user may not, and leaves it there.
  mount('-t', 'tmpfs', 'none', '/run');
  await Promise.all(plan.servers.map((server) => serve(server, plan.owner)));
  const [program = '', ...args] = asOwner(plan.qemu, plan.owner);
  const qemu = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  qemu.on('error', fail);
  qemu.on('close', (code, signal) => {
    report({ ended: { code, signal } });
    process.exit(0);
  });
}

function fail(error: unknown): void {
  report({ failed: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}

let input = '';
process.stdin.on('data', (chunk: Buffer) => {
  const known = input.includes('\n');
  input += chunk.toString();
  if (!known && input.includes('\n')) run(JSON.parse(input) as SandboxPlan).catch(fail);
});
process.stdin.on('end', () => process.exit(0));
