// In a worker thread: loads, reads events while it produces them, until it is terminated.
import { parentPort } from 'node:worker_threads';
import { BpfObject, RingBuffer } from 'bpf-lsm';

const producer = await BpfObject.open(new URL('../../build/test/bpf/producer.bpf.o', import.meta.url)).load();
const ring = new RingBuffer(producer.maps.small_events);
setInterval(() => producer.programs.produce_small.run(), 0);
let told = false;
for await (const { sequence } of ring) {
  if (told || sequence < 2000n) continue;
  told = true;
  parentPort.postMessage('reading');
}
