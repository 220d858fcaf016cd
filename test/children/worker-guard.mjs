// In a worker thread: loads, attaches to a process, reads events until it is terminated. Data: { pid }
import { parentPort, workerData } from 'node:worker_threads';
import { BpfObject, RingBuffer } from 'bpf-lsm';

const open = BpfObject.open(new URL('../../dist/bpf/examples/mprotect_guard.bpf.o', import.meta.url));
open.globals.target_pid = workerData.pid;
open.globals.mode = 'MODE_ENFORCE';
const guard = await open.load();
guard.programs.guard_mprotect.attach();
parentPort.postMessage('attached');
for await (const { verdict } of new RingBuffer(guard.maps.events)) parentPort.postMessage(verdict);
