// What cgroups cost, in a guest that counts instructions: attaching to a thousand of them, and what a call of a process
// pays for the programs above it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { BpfObject, Cgroup } from '../dist/index.js';
import { ROOT } from '../scripts/say.mjs';
import { CALLS } from './build.mjs';

const OBJECT = `${ROOT}build/bench/bpf/cgroup.bpf.o`;

const CGROUPS = 1000;
const HOOKS = ['lsm_connect', 'lsm_bind', 'lsm_listen'];

/** The programs that a call meets, by what carries them. */
const CARRIERS = { lsm_cgroup: 'lsm', cgroup: 'cgroup' };
const PROGRAMS = [0, 1, 8, 64];
const DEPTHS = [1, 8];
const CALLS_A_ROUND = 400;

// The first rounds fill caches, and are left out.
const WARM_UP_ROUNDS = 3;

/** What is freed is freed after a grace period (ms). */
const GRACE = 500;

/** @param {{ name: string, group: string }} one */
export async function measureCgroups(one, { rounds, size }) {
  const objects = [];
  const top = Cgroup.root().createChild('bpf-lsm-bench');
  try {
    // A cgroup takes a program once, so that many programs are as many copies.
    const copies = one.name === 'cgroup-scale' ? 1 : Math.max(...PROGRAMS);
    for (let i = 0; i < copies; i++) objects.push(await BpfObject.open(OBJECT).load());
    const measured =
      one.name === 'cgroup-scale'
        ? await scale(objects[0], top, size)
        : await calls(objects, top, rounds, size);
    return { name: one.name, group: one.group, ...measured };
  } finally {
    for (const cgroup of [...top.subtree()].reverse()) cgroup.remove();
    for (const object of objects) object.close();
  }
}

/** Thousands of instructions, and bytes of kernel memory, for each cgroup, attachment and so on. */
async function scale(object, top, size) {
  const count = Math.max(1, Math.round(CGROUPS * size));
  const cgroups = [];
  const links = [];
  const names = Array.from({ length: count }, (_, i) => `c${i}`);
  const steps = [await step('make a cgroup', names, (name) => cgroups.push(top.createChild(name)))];
  for (const hook of HOOKS) {
    const what = `attach a program to ${hook.replace('lsm_', 'socket_')}`;
    steps.push(await step(what, cgroups, (cgroup) => links.push(object.programs[hook].attach({ cgroup }))));
  }
  steps.push(
    await step('ask a link', links, (link) => link.info()),
    await step('ask a cgroup what is attached', cgroups, (cgroup) => cgroup.attached()),
    await step('close a link', links, (link) => link.close()),
    await step('remove a cgroup', cgroups, (cgroup) => cgroup.remove()),
  );
  return { count, steps };
}

async function step(what, list, work) {
  globalThis.gc?.();
  const before = await kernelMemory();
  const began = process.hrtime.bigint();
  for (const one of list) work(one);
  const instructions = Number(process.hrtime.bigint() - began) / list.length;
  const bytes = ((await kernelMemory()) - before) / list.length;
  return { what, times: list.length, instructions, bytes };
}

/** What the kernel has taken for itself, in bytes. */
async function kernelMemory() {
  await sleep(GRACE);
  const text = readFileSync('/proc/meminfo', 'utf8');
  const bytes = (name) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return bytes('Slab') + bytes('Percpu') + bytes('VmallocUsed');
}

/** Instructions for each call, with so many programs above it. */
async function calls(objects, top, rounds, size) {
  const count = Math.min(512, Math.max(1, Math.round(CALLS_A_ROUND * size)));
  const rows = [];
  for (const call of ['connect', 'bind']) await timed(top, call, count, rounds);
  for (const call of ['connect', 'bind']) {
    for (const [carrier, prefix] of Object.entries(CARRIERS)) {
      for (const depth of DEPTHS) {
        const copies = objects.map((object) => object.programs[`${prefix}_${call}`]);
        const cells = [];
        for (const programs of PROGRAMS) {
          cells.push(await cost({ top, copies, programs, depth, call, count, rounds }));
        }
        rows.push({
          call,
          carrier,
          depth,
          cells,
          beside: await costBeside({ top, copies, call, count, rounds }),
        });
      }
    }
  }
  return { programs: PROGRAMS, rows };
}

/** In a cgroup so deep, with the programs spread evenly over it and those above. */
async function cost({ top, copies, programs, depth, call, count, rounds }) {
  const path = Array.from({ length: depth }, (_, i) =>
    top.createChild(
      Array(i + 1)
        .fill('d')
        .join('/'),
    ),
  );
  const links = copies.slice(0, programs).map((copy, i) => copy.attach({ cgroup: path[i % depth] }));
  try {
    return await timed(path.at(-1), call, count, rounds);
  } finally {
    for (const link of links) link.close();
    for (const cgroup of path.reverse()) cgroup.remove();
  }
}

/** With none, while another cgroup has as many as it may. */
async function costBeside({ top, copies, call, count, rounds }) {
  const [own, other] = [top.createChild('own'), top.createChild('other')];
  const links = copies.map((copy) => copy.attach({ cgroup: other }));
  try {
    return await timed(own, call, count, rounds);
  } finally {
    for (const link of links) link.close();
    own.remove();
    other.remove();
  }
}

async function timed(cgroup, call, count, rounds) {
  const child = spawn(CALLS, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  cgroup.add(child.pid);
  const nanoseconds = [];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    child.stdin.write(`${call} ${count} -\n`);
    const [line] = await once(lines, 'line');
    if (round >= 0) nanoseconds.push(Number(line) / count);
  }
  const exited = once(child, 'exit');
  child.stdin.end();
  await exited;
  // An interrupt comes on top, and nothing makes a call cheaper than it is.
  return Math.min(...nanoseconds);
}
