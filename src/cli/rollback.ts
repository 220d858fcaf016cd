import { Command } from 'commander';
import { rollbackPolicies } from '../policy/index.js';
import { printStatus } from './policy-status.js';

/** `bpf-lsm rollback`. */
export function rollbackCommand(): Command {
  return new Command('rollback')
    .description('Go back to the policies before, at once; once more, and those that were left are back.')
    .option('--directory <path>', 'where on a bpffs they are kept')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit status: 0, 1 when nothing was ever applied.')
    .action(async ({ directory, json }: { directory?: string; json?: boolean }) => {
      printStatus(await rollbackPolicies(directory === undefined ? {} : { directory }), json);
    });
}
