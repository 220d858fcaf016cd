// Prints, or denies, when a process opens the memory of another one for writing, through /proc/<pid>/mem.
//
//   needs root:  node build/examples/proc_mem_guard.js [--enforce] [--all-access] [PID]
//
// With a PID only that process is watched. With --all-access so is ptrace(2) and what needs the same right.

import { parseArgs } from 'node:util';
import { BpfObject, RingBuffer } from 'bpf-lsm';
import type { ProcMemGuard } from './types/proc_mem_guard.js';

export const OBJECT: URL = new URL('../../dist/bpf/examples/proc_mem_guard.bpf.o', import.meta.url);

async function main(pid: number, enforce: boolean, allAccess: boolean): Promise<void> {
  const open = BpfObject.open<ProcMemGuard>(OBJECT);
  open.globals.target_pid = pid;
  open.globals.mode = enforce ? 'MODE_ENFORCE' : 'MODE_AUDIT';
  using guard = await open.load();
  using link = guard.programs.guard_proc_mem.attach();
  using _more = allAccess ? guard.programs.guard_access.attach() : undefined;
  console.log(`link ${link.id} guards ${pid === 0 ? 'every process' : `process ${pid}`}; Ctrl-C ends it`);

  using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
  for await (const { comm, pid, target, way, verdict } of events) {
    console.log(`${comm} (${pid}) reached for the memory of ${target}: ${way}, ${verdict}`);
  }
}

if (process.argv[1]?.endsWith('proc_mem_guard.js')) {
  const { values, positionals } = parseArgs({
    options: {
      enforce: { type: 'boolean', default: false },
      'all-access': { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const pid = Number(positionals[0] ?? 0);
  if (!Number.isInteger(pid) || pid < 0) {
    console.error('usage: node proc_mem_guard.js [--enforce] [--all-access] [PID]');
    process.exit(2);
  }
  await main(pid, values.enforce, values['all-access']);
}
