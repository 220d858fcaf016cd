// The main thread never loads the addon; workers do, one after the other and at the same time.
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

if (isMainThread) {
  const count = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith('anon_inode:b');
      } catch {
        return false;
      }
    }).length;
  const run = async () => {
    const worker = new Worker(new URL(import.meta.url));
    // Both at once: the worker may end before anyone could begin to wait for its end.
    const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    return message;
  };
  const results = [await run(), ...(await Promise.all([run(), run(), run()])), await run()];
  console.log(results.join(' '), count());
} else {
  const { BpfObject } = await import('bpf-lsm');
  const kinds = await BpfObject.open(new URL('../../build/test/bpf/kinds.bpf.o', import.meta.url)).load();
  kinds.programs.copy_kinds.run(new Uint8Array(16));
  parentPort.postMessage(kinds.globals.bss_s8);
}
