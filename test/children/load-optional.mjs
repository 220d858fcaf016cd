// Tries to load an object whose program is optional, and prints what came of it as JSON.
import { BpfError, BpfObject } from 'bpf-lsm';

try {
  const open = BpfObject.open(new URL('../../dist/bpf/examples/mprotect_guard.bpf.o', import.meta.url));
  open.programs.guard_mprotect.optional = true;
  const object = await open.load();
  console.log(JSON.stringify({ state: object.report.guard_mprotect.state }));
} catch (error) {
  if (!(error instanceof BpfError)) throw error;
  const { code, reason, message } = error;
  console.log(JSON.stringify({ code, reason, message }));
}
