// In a worker thread: says so, and loads objects without end.
import { parentPort } from 'node:worker_threads';
import { BpfObject } from 'bpf-lsm';

const kinds = new URL('../../build/test/bpf/kinds.bpf.o', import.meta.url);
parentPort.postMessage('loading');
for (;;) {
  const objects = await Promise.all([1, 2, 3, 4].map(() => BpfObject.open(kinds).load()));
  for (const object of objects) object.close();
}
