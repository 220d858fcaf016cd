// Tries to load and attach the guard, and prints what came of it as JSON.
import { BpfError, BpfObject } from 'bpf-lsm';

try {
  const open = BpfObject.open(new URL('../../dist/bpf/examples/mprotect_guard.bpf.o', import.meta.url));
  const object = await open.load();
  const link = object.programs.guard_mprotect.attach();
  console.log(JSON.stringify({ attached: link.info().type }));
} catch (error) {
  if (!(error instanceof BpfError)) throw error;
  const { code, reason, message } = error;
  console.log(JSON.stringify({ code, reason, message }));
}
