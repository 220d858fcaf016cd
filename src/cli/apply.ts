import { Command } from 'commander';
import { BpfError } from '../errors.js';
import { applyPolicies } from '../policy/index.js';
import { DIRECTORY, type EngineFlags } from './engine-options.js';
import { positive } from './numbers.js';
import { POLICY_FILES, policiesOf } from './policies.js';
import { printStatus } from './policy-status.js';
import { readOrMakeToken, readToken } from './token-file.js';

interface Options extends EngineFlags {
  confirmWithin?: number;
  keep?: boolean;
  acceptLockout?: boolean;
  guard?: boolean;
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
    .option('--guard', 'let nobody take the policies away, or change them, without the token')
    .option(
      '--token-file <path>',
      'the file with the token; with --guard it is made, with a new one, if it is not there',
    )
    .option(...DIRECTORY)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
They stay in force until they are replaced, rolled back or removed, or the machine is booted. Booted with
bpf_lsm.policies=off on the kernel command line, none are applied.

Guarded, they are kept from root too: their pins, their maps and programs, and the mount that the pins are on. Keep the
token where others do not get it. Without it only another boot changes anything.

  bpf-lsm apply --guard --token-file /root/policies.token web.yaml
  bpf-lsm remove --token-file /root/policies.token

Exit status: 0, 1 when nothing was changed, with the reason.`,
    )
    .action(async (files: string[], options: Options) => {
      const { confirmWithin, keep, acceptLockout, guard, tokenFile, directory, json } = options;
      const policies = await policiesOf(files);
      const made = guard ? tokenOf(tokenFile) : undefined;
      const status = await applyPolicies(policies, {
        ...(confirmWithin !== undefined && { confirmWithin }),
        ...(directory !== undefined && { directory }),
        ...(made ? { guard: { token: made.token } } : readToken(tokenFile)),
        keep: keep === true,
        lockout: acceptLockout ? 'accept' : 'refuse',
      });
      if (made?.made) process.stderr.write(`The token is in ${tokenFile}.\n`);
      printStatus(status, json);
    });
}

function tokenOf(file: string | undefined): { token: string; made: boolean } {
  if (file !== undefined) return readOrMakeToken(file);
  throw new BpfError('--guard needs a token', {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    hint: 'say where it is, or is to be made, with --token-file',
  });
}
