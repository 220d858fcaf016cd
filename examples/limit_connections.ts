// Limits how many sockets of a cgroup are connected to one address and port.
//
//   needs root:  node build/examples/limit_connections.js CGROUP LIMIT

import { setInterval } from 'node:timers/promises';
import { attachToHook, BpfObject, Cgroup } from 'bpf-lsm';
import type { LimitConnections } from './types/limit_connections.js';

export const OBJECT: URL = new URL('../../dist/bpf/examples/limit_connections.bpf.o', import.meta.url);

async function main(cgroup: Cgroup, limit: number): Promise<void> {
  using object = await BpfObject.open<LimitConnections>(OBJECT).load();
  object.globals.limit = limit;
  // First the one that forgets sockets: what is counted must be forgotten.
  for (const program of ['forget_socket', 'limit_connect4', 'limit_connect6'] as const) {
    await attachToHook(object, program, cgroup);
  }
  console.log(`${cgroup} may have ${limit} connections to each place; Ctrl-C ends it`);
  let told = 0n;
  for await (const _ of setInterval(500)) {
    const { refused } = object.globals;
    if (refused !== told) console.log(`${refused} refused`);
    told = refused;
  }
}

if (process.argv[1]?.endsWith('limit_connections.js')) {
  const [path = '', limit = '10'] = process.argv.slice(2);
  await main(Cgroup.open(path), Number(limit));
}
