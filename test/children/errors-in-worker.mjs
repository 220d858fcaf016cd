// In worker and main thread: the addon's errors are of the thread's own class.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { BpfError, BpfObject } from 'bpf-lsm';

function codeOf(options) {
  try {
    BpfObject.open(new URL('../../build/test/bpf/kinds.bpf.o', import.meta.url), options);
  } catch (error) {
    return error instanceof BpfError ? error.code : 'another error';
  }
  return 'no error';
}

if (isMainThread) {
  const mine = codeOf({ name: 'a.b' });
  const worker = new Worker(new URL(import.meta.url));
  const [theirs] = await once(worker, 'message');
  await once(worker, 'exit');
  console.log(mine, theirs, codeOf({ name: 'a.b' }));
} else {
  parentPort.postMessage(codeOf({ name: 'a.b' }));
}
