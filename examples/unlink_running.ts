// Prints when the file of a running program is deleted or replaced; denies it to the program itself if asked to.
//
//   needs root:  node build/examples/unlink_running.js [--deny-itself]

import { BpfObject, RingBuffer } from 'bpf-lsm';
import type { UnlinkRunning } from './types/unlink_running.js';

export const OBJECT: URL = new URL('../../dist/bpf/examples/unlink_running.bpf.o', import.meta.url);

async function main(denyItself: boolean): Promise<void> {
  const open = BpfObject.open<UnlinkRunning>(OBJECT);
  open.globals.deny = denyItself ? 'DENY_ITSELF' : 'DENY_NOBODY';
  using guard = await open.load();
  // This very process runs a program: a kernel that does not tell would never report anything.
  if (guard.programs.check_own_program.run() !== 1) {
    throw new Error('this kernel does not hold writers off running programs, so it cannot tell which run');
  }
  using unlink = guard.programs.judge_unlink.attach();
  using rename = guard.programs.judge_rename.attach();
  console.log(`links ${unlink.id} and ${rename.id} watch; Ctrl-C ends them`);

  using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
  for await (const { name, inode, running, comm, pid, itself, loss, verdict } of events) {
    const who = itself ? 'itself' : `${comm} (${pid})`;
    console.log(`${name} (inode ${inode}), run by ${running}: ${loss} by ${who}, ${verdict}`);
  }
}

if (process.argv[1]?.endsWith('unlink_running.js')) await main(process.argv.includes('--deny-itself'));
