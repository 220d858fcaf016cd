import { Command } from 'commander';
import { rollbackPolicies } from '../policy/index.js';
import { DIRECTORY, type EngineFlags, engineOptions, TOKEN_FILE } from './engine-options.js';
import { printStatus } from './policy-status.js';

interface Options extends EngineFlags {
  json?: boolean;
}

/** `bpf-lsm rollback`. */
export function rollbackCommand(): Command {
  return new Command('rollback')
    .description('Go back to the policies before, at once; once more, and those that were left are back.')
    .option(...TOKEN_FILE)
    .option(...DIRECTORY)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit status: 0, 1 when nothing was ever applied.')
    .action(async ({ json, ...flags }: Options) => {
      printStatus(await rollbackPolicies(engineOptions(flags)), json);
    });
}
