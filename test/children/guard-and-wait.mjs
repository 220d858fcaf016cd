// Attaches the guard to a process, tells so, and waits. Arguments: PID [PIN-DIRECTORY]
import { spawnSync } from 'node:child_process';
import { BpfObject } from 'bpf-lsm';

const [pid, pins] = process.argv.slice(2);
const open = BpfObject.open(new URL('../../dist/bpf/examples/mprotect_guard.bpf.o', import.meta.url));
open.globals.target_pid = Number(pid);
open.globals.mode = 'MODE_ENFORCE';
const guard = await open.load();
const link = guard.programs.guard_mprotect.attach();

// What a child would inherit.
const { stdout } = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });
const inherited = stdout.split('\n').filter((line) => /anon_inode:(bpf|btf)/.test(line));

if (pins) {
  link.pin(`${pins}/link`);
  guard.maps['.bss'].pin(`${pins}/counters`);
  process.send({ inherited }, () => process.exit(0));
} else {
  process.send({ inherited });
  process.on('message', () => undefined);
}
