import { Command } from 'commander';
import { applyPolicies } from '../policy/index.js';
import { positive } from './numbers.js';
import { POLICY_FILES, policiesOf } from './policies.js';
import { printStatus } from './policy-status.js';

interface Options {
  confirmWithin?: number;
  keep?: boolean;
  acceptLockout?: boolean;
  directory?: string;
  json?: boolean;
}

/** `bpf-lsm apply`: puts policies into force. */
export function applyCommand(): Command {
  return new Command('apply')
    .description('Put policies into force, all of them at once and in place of those before.')
    .argument('<file...>', POLICY_FILES)
    .option(
      '--confirm-within <seconds>',
      'go back to those before unless bpf-lsm confirm is called',
      positive,
    )
    .option('--keep', 'let those that are in force stay beside them; one of the same name is replaced')
    .option('--accept-lockout', 'apply even what would stop init, a shell, sshd or this tool')
    .option('--directory <path>', 'where on a bpffs they are kept')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
They stay in force until they are replaced, rolled back or removed, or the machine is booted. Booted with
bpf_lsm.policies=off on the kernel command line, none are applied.

Exit status: 0, 1 when nothing was changed, with the reason.`,
    )
    .action(async (files: string[], { confirmWithin, keep, acceptLockout, directory, json }: Options) => {
      const policies = await policiesOf(files);
      const status = await applyPolicies(policies, {
        ...(confirmWithin !== undefined && { confirmWithin }),
        ...(directory !== undefined && { directory }),
        keep: keep === true,
        lockout: acceptLockout ? 'accept' : 'refuse',
      });
      printStatus(status, json);
    });
}
