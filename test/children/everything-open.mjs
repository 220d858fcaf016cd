// Opens one of everything and prints, as JSON, what it has open itself and what a child of its own has. Arguments:
// `attach` to attach programs too.
import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { BpfObject, PerfBuffer, RingBuffer, UserRingBuffer } from 'bpf-lsm';

const fixture = (name) => new URL(`../../build/test/bpf/${name}.bpf.o`, import.meta.url);
const example = (name) => new URL(`../../dist/bpf/examples/${name}.bpf.o`, import.meta.url);

const open = BpfObject.open(fixture('kinds'));
const kinds = await BpfObject.open(fixture('kinds')).load();
kinds.globals.data_s8 = 1;
kinds.programs.copy_kinds.run(new Uint8Array(16));
const producer = await BpfObject.open(fixture('producer')).load();
const ring = new RingBuffer(producer.maps.small_events);
const perf = await BpfObject.open(fixture('perf_producer')).load();
const perfReader = new PerfBuffer(perf.maps.events);
const commands = await BpfObject.open(fixture('commands')).load();
const writer = new UserRingBuffer(commands.maps.commands);
const waiting = [ring.events().next(), perfReader.events().next()];
let guard;
if (process.argv[2] === 'attach') {
  guard = await BpfObject.open(example('mprotect_guard')).load();
  guard.programs.guard_mprotect.attach();
}

const own = readdirSync('/proc/self/fd').flatMap((fd) => {
  try {
    return [readlinkSync(`/proc/self/fd/${fd}`)];
  } catch {
    return [];
  }
});
const LIST = `
  const fs = require('fs');
  const links = fs.readdirSync('/proc/self/fd').map((fd) => {
    try { return fs.readlinkSync('/proc/self/fd/' + fd); } catch { return ''; }
  });
  console.log(JSON.stringify(links));`;
const isKernels = (link) => /^anon_inode:\[?(?:bpf|btf|perf_event)/.test(link);
const { stdout } = spawnSync(process.execPath, ['-e', LIST], { encoding: 'utf8' });
console.log(
  JSON.stringify({ own: [...new Set(own)].sort(), inherited: JSON.parse(stdout).filter(isKernels) }),
);

for (const end of [ring, perfReader, writer]) end.close();
await Promise.all(waiting);
for (const thing of [open, kinds, producer, perf, commands, guard]) thing?.close();
process.exit(0);
