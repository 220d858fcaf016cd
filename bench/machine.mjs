// What the numbers were measured on.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { check } from '../dist/index.js';

/** The processors peers and producer are held on; undefined where there is but one, or nothing to hold them with. */
export function pinning() {
  if (availableParallelism() < 2 || spawnSync('taskset', ['--version']).status !== 0) return undefined;
  const allowed = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const numbers = allowed.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  return { peers: numbers.at(-1), producer: numbers.at(-2) };
}

export function onCpu(cpu, command) {
  return cpu === undefined ? command : ['taskset', '-c', `${cpu}`, ...command];
}

export async function describeMachine({ go }) {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    kernel: release().split('-')[0],
    node: process.version,
    libbpf: (await check({ canary: false })).libbpf,
    ...(go && { cilium: ciliumVersion() }),
  };
}

function ciliumVersion() {
  const { stdout } = spawnSync('dpkg-query', ['-W', 'golang-github-cilium-ebpf-dev'], { encoding: 'utf8' });
  return stdout?.trim().split('\t')[1];
}

/** Watches how long tasks had to wait for a processor: what else went on while it was measured. */
export class Pressure {
  #began = process.hrtime.bigint();
  #waited = waited();

  /** The share of the time, 0 to 1, in which a task waited; undefined for a kernel that does not count it. */
  share() {
    const now = waited();
    if (now === undefined || this.#waited === undefined) return undefined;
    const elapsed = Number(process.hrtime.bigint() - this.#began) / 1000;
    return Math.min(1, (now - this.#waited) / elapsed);
  }
}

/** Microseconds since boot in which some task waited for a processor (kernel/sched/psi.c). */
function waited() {
  try {
    const text = readFileSync('/proc/pressure/cpu', 'utf8');
    return Number(/^some .*total=(\d+)/m.exec(text)?.[1]);
  } catch {
    return undefined;
  }
}
