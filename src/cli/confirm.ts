import { Command } from 'commander';
import { confirmPolicies } from '../policy/index.js';
import { printStatus } from './policy-status.js';
import { readToken, TOKEN_FILE } from './token-file.js';

interface Options {
  tokenFile?: string;
  directory?: string;
  json?: boolean;
}

/** `bpf-lsm confirm`. */
export function confirmCommand(): Command {
  return new Command('confirm')
    .description('Let the policies stay that were applied with a time to confirm.')
    .option(...TOKEN_FILE)
    .option('--directory <path>', 'where on a bpffs they are kept')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit status: 0, 1 when nothing waits to be confirmed or it is too late.')
    .action(async ({ tokenFile, directory, json }: Options) => {
      const where = { ...(directory !== undefined && { directory }), ...readToken(tokenFile) };
      printStatus(await confirmPolicies(where), json);
    });
}
