import { Command } from 'commander';
import { removePolicies } from '../policy/index.js';
import { printJson } from './output.js';
import { readToken, TOKEN_FILE } from './token-file.js';

/** `bpf-lsm remove`: takes the engine out of the kernel. */
export function removeCommand(): Command {
  return new Command('remove')
    .description('Take all policies away, and what enforces them out of the kernel.')
    .option(...TOKEN_FILE)
    .option('--directory <path>', 'where on a bpffs they are kept')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit status: 0, also when there were none; 1 when they are guarded, without the token.',
    )
    .action(
      async ({ tokenFile, directory, json }: { tokenFile?: string; directory?: string; json?: boolean }) => {
        const where = { ...(directory !== undefined && { directory }), ...readToken(tokenFile) };
        const removed = await removePolicies(where);
        if (json) printJson({ removed });
        else process.stdout.write(removed ? 'Removed.\n' : 'There were no policies.\n');
      },
    );
}
