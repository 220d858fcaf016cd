// Kills programs that are started with LD_PRELOAD, or another variable, in their environment: the listed ones and, if
// asked for, all set-uid programs. Prints what it sees; without --enforce that is all.
//
//   needs root:  node build/examples/exec_env_guard.js [--enforce] [--set-id] [--name NAME] PROGRAM...

import { openSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BpfObject, RingBuffer } from 'bpf-lsm';
import type { ExecEnvGuard } from './types/exec_env_guard.js';

export const OBJECT: URL = new URL('../../dist/bpf/examples/exec_env_guard.bpf.o', import.meta.url);

type Settings = Partial<ExecEnvGuard['globals']>;

async function main(settings: Settings, programs: readonly string[]): Promise<void> {
  const open = BpfObject.open<ExecEnvGuard>(OBJECT);
  Object.assign(open.globals, settings);
  using guard = await open.load();
  // A listed program is known for as long as its file is open: until this process ends.
  for (const program of programs) guard.maps.listed.set(openSync(program, 'r'), 1);
  using link = guard.programs.guard_exec.attach();
  console.log(`link ${link.id} guards; Ctrl-C ends it`);

  using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
  for await (const { filename, pid, uid, reason, verdict, value } of events) {
    console.log(`${filename} (${pid}, uid ${uid}) was given ${JSON.stringify(value)}: ${reason}, ${verdict}`);
  }
}

if (process.argv[1]?.endsWith('exec_env_guard.js')) {
  const { values, positionals } = parseArgs({
    options: {
      enforce: { type: 'boolean', default: false },
      'set-id': { type: 'boolean', default: false },
      name: { type: 'string', default: 'LD_PRELOAD' },
    },
    allowPositionals: true,
  });
  const mode = values.enforce ? 'MODE_ENFORCE' : 'MODE_AUDIT';
  await main({ mode, guard_set_id: values['set-id'], forbidden_name: values.name }, positionals);
}
