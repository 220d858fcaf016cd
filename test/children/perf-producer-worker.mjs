// In a worker thread: runs a pinned program again and again until it is told to stop, on any CPU but the main thread's.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { BpfProgram } from 'bpf-lsm';

const { pin, cpu, stop } = workerData;
// The newest thread is this one's.
const thread = Math.max(...readdirSync('/proc/self/task').map(Number));
for (const tid of readdirSync('/proc/self/task').map(Number)) {
  if (tid !== process.pid) execFileSync('taskset', ['-cp', String(cpu), String(tid)], { stdio: 'ignore' });
}
void thread;
using program = BpfProgram.open(pin);
parentPort.postMessage('running');
while (Atomics.load(stop, 0) === 0) program.run();
