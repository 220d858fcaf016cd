// Gives the sockets of a cgroup other ports than they ask for, and hides it from them.
//
//   needs root:  node build/examples/remap_ports.js CGROUP bind|connect:PORT=PORT...
//
// A connection to a port that is to become 0 is denied.

import { setInterval } from 'node:timers/promises';
import { attachToHook, BpfObject, Cgroup } from 'bpf-lsm';
import type { RemapPorts } from './types/remap_ports.js';

export const OBJECT: URL = new URL('../../dist/bpf/examples/remap_ports.bpf.o', import.meta.url);

async function main(cgroup: Cgroup, changes: readonly string[]): Promise<void> {
  using object = await BpfObject.open<RemapPorts>(OBJECT).load();
  object.globals.mask = true;
  for (const change of changes) {
    const [, call, asked, given] = /^(bind|connect):(\d+)=(\d+)$/.exec(change) ?? [];
    const map = call === 'bind' ? object.maps.bind_ports : object.maps.connect_ports;
    map.set(Number(asked), Number(given));
  }
  const programs = Object.keys(object.programs) as RemapPorts['programs'][];
  for (const program of programs) await attachToHook(object, program, cgroup);
  console.log(`${programs.length} programs change ports in ${cgroup}; Ctrl-C ends it`);
  for await (const _ of setInterval(60_000));
}

if (process.argv[1]?.endsWith('remap_ports.js')) {
  const [path = '', ...changes] = process.argv.slice(2);
  await main(Cgroup.open(path), changes);
}
