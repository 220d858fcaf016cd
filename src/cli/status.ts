import { Command } from 'commander';
import { type EngineStatus, policyStatus } from '../policy/index.js';
import { DIRECTORY, type EngineFlags, engineOptions, TOKEN_FILE } from './engine-options.js';
import { printJson } from './output.js';
import { printStatus } from './policy-status.js';

interface Options extends EngineFlags {
  json?: boolean;
}

/** `bpf-lsm status`: what policies are in force. */
export function statusCommand(): Command {
  return new Command('status')
    .description('Show which policies are in force, and what they have denied.')
    .option(...TOKEN_FILE)
    .option(...DIRECTORY)
    .option('--json', 'print JSON; null when there are none')
    .addHelpText(
      'after',
      `
Guarded policies are told without the token too: as the kernel reports them, in the file "status" beside their pins.

Exit status: 0 when policies are in force as they were applied, 3 when somebody has taken away what enforces them, 4
when there are none.`,
    )
    .action(async ({ json, ...flags }: Options) => {
      const status = await policyStatus(engineOptions(flags));
      if (status) {
        printStatus(status, json);
        process.exitCode = exitStatusOf(status);
        return;
      }
      if (json) printJson(null);
      else process.stdout.write('There are no policies.\n');
      process.exitCode = 4;
    });
}

function exitStatusOf({ absent, unjudged, policies }: EngineStatus): number {
  if (absent.length > 0 || unjudged > 0n) return 3;
  return policies.length > 0 ? 0 : 4;
}
