// Denies bind(2) to a port in a cgroup, but for cgroups below it that are exempt.
//
//   needs root:  node build/examples/exempt_cgroups.js CGROUP PORT [EXEMPT]...

import { setInterval } from 'node:timers/promises';
import { attachToHook, BpfObject, Cgroup } from 'bpf-lsm';
import type { ExemptCgroups } from './types/exempt_cgroups.js';

export const OBJECT: URL = new URL('../../dist/bpf/examples/exempt_cgroups.bpf.o', import.meta.url);

async function main(cgroup: Cgroup, port: number, exempt: readonly string[]): Promise<void> {
  using object = await BpfObject.open<ExemptCgroups>(OBJECT).load();
  object.globals.port = port;
  for (const [slot, path] of exempt.entries()) object.maps.exempt.set(slot, path);
  const { carrier } = await attachToHook(object, 'deny_bind', cgroup);
  console.log(
    `${cgroup} cannot bind port ${port} (${carrier.name}); ${exempt.length} exempt; Ctrl-C ends it`,
  );
  let told = 0n;
  for await (const _ of setInterval(500)) {
    const { denied } = object.globals;
    if (denied !== told) console.log(`${denied} denied`);
    told = denied;
  }
}

if (process.argv[1]?.endsWith('exempt_cgroups.js')) {
  const [path = '', port = '0', ...exempt] = process.argv.slice(2);
  await main(Cgroup.open(path), Number(port), exempt);
}
