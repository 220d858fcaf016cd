// Lets the cgroups below one reach themselves over unix sockets, and no other; over IP, only the places named.
//
//   needs root:  node build/examples/microsegmentation.js CGROUP [NAME=IPV4:PORT]...
//
// Each cgroup directly below has a tag of its own. NAME=IPV4:PORT lets the one of that name connect there.

import { setInterval } from 'node:timers/promises';
import { attachToHook, BpfObject, Cgroup } from 'bpf-lsm';
import type { Destination, Microsegmentation } from './types/microsegmentation.js';

export const OBJECT: URL = new URL('../../dist/bpf/examples/microsegmentation.bpf.o', import.meta.url);

/** An IPv4 address is looked for as ::ffff:a.b.c.d. */
export function destination(ipv4: string, port: number): Destination {
  const address = Uint8Array.of(...Array<number>(10).fill(0), 255, 255, ...ipv4.split('.').map(Number));
  return { address, port };
}

async function main(cgroup: Cgroup, places: readonly string[]): Promise<void> {
  using object = await BpfObject.open<Microsegmentation>(OBJECT).load();
  const { cgroup_tags, address_tags, passages } = object.maps;
  const children = cgroup.children();
  for (const [index, child] of children.entries()) {
    cgroup_tags.set(child.id, index + 1);
    passages.set({ from: index + 1, to: index + 1 }, 1);
  }
  for (const [index, place] of places.entries()) {
    const [, name, ipv4 = '', port] = /^(.+)=([\d.]+):(\d+)$/.exec(place) ?? [];
    const tag = 1000 + index;
    address_tags.set(destination(ipv4, Number(port)), tag);
    passages.set({ from: children.findIndex((child) => child.name === name) + 1, to: tag }, 1);
  }
  for (const program of ['segment_stream', 'segment_datagram', 'segment_connect'] as const) {
    const { hook, carrier } = await attachToHook(object, program, cgroup);
    console.log(`${hook}: ${carrier.name}`);
  }
  console.log(`${children.length} cgroups in ${cgroup} are apart; Ctrl-C ends it`);
  let told = 0n;
  for await (const _ of setInterval(500)) {
    const { denied } = object.globals;
    if (denied !== told) console.log(`${denied} denied`);
    told = denied;
  }
}

if (process.argv[1]?.endsWith('microsegmentation.js')) {
  const [path = '', ...places] = process.argv.slice(2);
  await main(Cgroup.open(path), places);
}
