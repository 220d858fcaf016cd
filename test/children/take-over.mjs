// Attaches the guard to a process, pins it, drops what an earlier run has pinned, and exits. Arguments: PID PIN-DIRECTORY
import { readdirSync } from 'node:fs';
import { BpfObject, Link } from 'bpf-lsm';

const [pid, pins] = process.argv.slice(2);
const earlier = readdirSync(pins).map((name) => Link.open(`${pins}/${name}`));
const open = BpfObject.open(new URL('../../dist/bpf/examples/mprotect_guard.bpf.o', import.meta.url));
open.globals.target_pid = Number(pid);
open.globals.mode = 'MODE_ENFORCE';
const guard = await open.load();
const link = guard.programs.guard_mprotect.attach();
link.pin(`${pins}/link-${link.id}`);
for (const old of earlier) {
  old.unpin();
  old.close();
}
console.log(JSON.stringify({ uid: process.getuid(), earlier: earlier.length }));
