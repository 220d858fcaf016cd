import { Command } from 'commander';
import { rollbackPolicies } from '../policy/index.js';
import { printStatus } from './policy-status.js';
import { readToken, TOKEN_FILE } from './token-file.js';

interface Options {
  tokenFile?: string;
  directory?: string;
  json?: boolean;
}

/** `bpf-lsm rollback`. */
export function rollbackCommand(): Command {
  return new Command('rollback')
    .description('Go back to the policies before, at once; once more, and those that were left are back.')
    .option(...TOKEN_FILE)
    .option('--directory <path>', 'where on a bpffs they are kept')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit status: 0, 1 when nothing was ever applied.')
    .action(async ({ tokenFile, directory, json }: Options) => {
      const where = { ...(directory !== undefined && { directory }), ...readToken(tokenFile) };
      printStatus(await rollbackPolicies(where), json);
    });
}
