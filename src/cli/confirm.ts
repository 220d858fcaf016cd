import { Command } from 'commander';
import { confirmPolicies } from '../policy/index.js';
import { printStatus } from './policy-status.js';

/** `bpf-lsm confirm`. */
export function confirmCommand(): Command {
  return new Command('confirm')
    .description('Let the policies stay that were applied with a time to confirm.')
    .option('--directory <path>', 'where on a bpffs they are kept')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit status: 0, 1 when nothing waits to be confirmed or it is too late.')
    .action(async ({ directory, json }: { directory?: string; json?: boolean }) => {
      printStatus(await confirmPolicies(directory === undefined ? {} : { directory }), json);
    });
}
