import { Command } from 'commander';
import { confirmPolicies } from '../policy/index.js';
import { DIRECTORY, type EngineFlags, engineOptions, TOKEN_FILE } from './engine-options.js';
import { printStatus } from './policy-status.js';

interface Options extends EngineFlags {
  json?: boolean;
}

/** `bpf-lsm confirm`. */
export function confirmCommand(): Command {
  return new Command('confirm')
    .description('Let the policies stay that were applied with a time to confirm.')
    .option(...TOKEN_FILE)
    .option(...DIRECTORY)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit status: 0, 1 when nothing waits to be confirmed or it is too late.')
    .action(async ({ json, ...flags }: Options) => {
      printStatus(await confirmPolicies(engineOptions(flags)), json);
    });
}
