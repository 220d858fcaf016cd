// Attaches the guard to a process, keeps nothing of it, and lets the garbage collector go over it while objects come
// and go. Tells so, and waits to be killed. Argument: PID
import { BpfObject, RingBuffer } from 'bpf-lsm';

// A function of its own, whose variables are gone when it returns.
async function attachAndDrop(pid) {
  const open = BpfObject.open(new URL('../../dist/bpf/examples/mprotect_guard.bpf.o', import.meta.url));
  open.globals.target_pid = pid;
  open.globals.mode = 'MODE_ENFORCE';
  const guard = await open.load();
  guard.programs.guard_mprotect.attach();
  new RingBuffer(guard.maps.events).read();
}

await attachAndDrop(Number(process.argv[2]));
for (let i = 0; i < 10; i++) {
  await BpfObject.open(new URL('../../build/test/bpf/kinds.bpf.o', import.meta.url)).load();
  globalThis.gc();
  await new Promise(setImmediate);
}
process.send('collected');
process.on('message', () => undefined);
