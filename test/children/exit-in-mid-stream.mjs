// Reads events as fast as they come, and calls process.exit() while it does.
import { spawn } from 'node:child_process';
import { BpfObject, RingBuffer } from 'bpf-lsm';

const counter = await BpfObject.open(
  new URL('../../dist/bpf/examples/exec_count.bpf.o', import.meta.url),
).load();
counter.programs.count_exec.attach();
spawn('/bin/sh', ['-c', 'for i in 1 2 3 4 5 6 7 8 9; do /bin/true; done'], { stdio: 'ignore' }).unref();
let seen = 0;
for await (const { comm } of new RingBuffer(counter.maps.events)) {
  if (comm === 'true' && ++seen === 3) process.exit(7);
}
