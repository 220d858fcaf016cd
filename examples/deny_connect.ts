// Denies connections to ports in a cgroup, with an errno of choice, and says how often.
//
//   needs root:  node build/examples/deny_connect.js CGROUP PORT[=ERRNO]...
//
// An errno is a name or a number.

import { constants } from 'node:os';
import { setInterval } from 'node:timers/promises';
import { attachToHook, BpfObject, Cgroup } from 'bpf-lsm';
import type { DenyConnect } from './types/deny_connect.js';

export const OBJECT: URL = new URL('../../dist/bpf/examples/deny_connect.bpf.o', import.meta.url);

async function main(cgroup: Cgroup, ports: readonly string[]): Promise<void> {
  using object = await BpfObject.open<DenyConnect>(OBJECT).load();
  for (const port of ports) {
    const [number, name = 'EPERM'] = port.split('=');
    const errno = constants.errno[name as 'EPERM'] ?? Number(name);
    object.maps.denied_ports.set(Number(number), errno);
  }
  for (const program of ['deny_connect', 'deny_fast_open'] as const) {
    const { hook, carrier } = await attachToHook(object, program, cgroup);
    console.log(`${hook} of ${cgroup} is carried by ${carrier.name} and goes by the ${carrier.decides}`);
  }
  console.log('Ctrl-C ends it');
  let told = 0n;
  for await (const _ of setInterval(500)) {
    const { denied } = object.globals;
    if (denied !== told) console.log(`${denied} denied`);
    told = denied;
  }
}

if (process.argv[1]?.endsWith('deny_connect.js')) {
  const [path = '', ...ports] = process.argv.slice(2);
  await main(Cgroup.open(path), ports);
}
