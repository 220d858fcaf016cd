import { Command } from 'commander';
import { removePolicies } from '../policy/index.js';
import { printJson } from './output.js';

/** `bpf-lsm remove`: takes the engine out of the kernel. */
export function removeCommand(): Command {
  return new Command('remove')
    .description('Take all policies away, and what enforces them out of the kernel.')
    .option('--directory <path>', 'where on a bpffs they are kept')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit status: 0, also when there were none.')
    .action(async ({ directory, json }: { directory?: string; json?: boolean }) => {
      const removed = await removePolicies(directory === undefined ? {} : { directory });
      if (json) printJson({ removed });
      else process.stdout.write(removed ? 'Removed.\n' : 'There were no policies.\n');
    });
}
