import { Command } from 'commander';
import { policyStatus } from '../policy/index.js';
import { printJson } from './output.js';
import { printStatus } from './policy-status.js';

/** `bpf-lsm status`: what policies are in force. */
export function statusCommand(): Command {
  return new Command('status')
    .description('Show which policies are in force, and what they have denied.')
    .option('--directory <path>', 'where on a bpffs they are kept')
    .option('--json', 'print JSON; null when there are none')
    .addHelpText(
      'after',
      `
Exit status: 0 when policies are in force as they were applied, 3 when somebody has taken away what enforces them, 4
when there are none.`,
    )
    .action(async ({ directory, json }: { directory?: string; json?: boolean }) => {
      const status = await policyStatus(directory === undefined ? {} : { directory });
      if (status) {
        printStatus(status, json);
        if (status.absent.length > 0 || status.unjudged > 0n) process.exitCode = 3;
        return;
      }
      if (json) printJson(null);
      else process.stdout.write('There are no policies.\n');
      process.exitCode = 4;
    });
}
