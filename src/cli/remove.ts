import { Command } from 'commander';
import { removePolicies } from '../policy/index.js';
import { DIRECTORY, type EngineFlags, engineOptions, TOKEN_FILE } from './engine-options.js';
import { printJson } from './output.js';

interface Options extends EngineFlags {
  json?: boolean;
}

/** `bpf-lsm remove`: takes the engine out of the kernel. */
export function removeCommand(): Command {
  return new Command('remove')
    .description('Take all policies away, and what enforces them out of the kernel.')
    .option(...TOKEN_FILE)
    .option(...DIRECTORY)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit status: 0, also when there were none; 1 when they are guarded, without the token.',
    )
    .action(async ({ json, ...flags }: Options) => {
      const removed = await removePolicies(engineOptions(flags));
      if (json) printJson({ removed });
      else process.stdout.write(removed ? 'Removed.\n' : 'There were no policies.\n');
    });
}
