import { once } from 'node:events';
import { constants } from 'node:os';
import { Command } from 'commander';
import { BpfError } from '../errors.js';
import { applyPolicies, type EngineOptions, type Policy, runInDomain } from '../policy/index.js';
import { DIRECTORY, type EngineFlags, engineOptions, TOKEN_FILE } from './engine-options.js';
import { policiesOf } from './policies.js';

interface Options extends EngineFlags {
  domain?: string;
}

/** `bpf-lsm run`: a command in a process domain. */
export function runCommand(): Command {
  return new Command('run')
    .description('Start a command in a process domain, for it and its descendants to be held to policies.')
    .argument('<policy>', 'a file with policies of one domain; or, with --domain, the command')
    .argument('[command...]', 'the command, after --')
    .passThroughOptions()
    .option('--domain <name>', 'the domain of policies that are applied already')
    .option(...TOKEN_FILE)
    .option(...DIRECTORY)
    .addHelpText(
      'after',
      `
The policies of the file are applied beside those that are in force, and stay. Nobody gets out of a domain.

  bpf-lsm run builder.yaml -- make
  bpf-lsm run --domain builder -- make

Exit status: that of the command, or 128 and the number of the signal that ended it; 1 when it was not started.`,
    )
    .action(async (first: string, rest: string[], options: Options) => {
      const where = engineOptions(options);
      // What stands after the policy is passed through, with the -- before it.
      const words = options.domain === undefined ? rest : [first, ...rest];
      const command = words[0] === '--' ? words.slice(1) : words;
      const [program, ...args] = command;
      if (program === undefined) throw usage('there is no command to run: say it after --');
      const domain = options.domain ?? (await applyFile(first, where));
      process.exitCode = await ended(await runInDomain(domain, [program, ...args], where));
    });
}

async function applyFile(file: string, where: EngineOptions): Promise<string> {
  const policies = await policiesOf([file]);
  const domain = domainOf(policies, file);
  await applyPolicies(policies, { ...where, keep: true });
  return domain;
}

function domainOf(policies: readonly Policy[], file: string): string {
  const domains = policies.map(({ scope }) => (scope.kind === 'domain' ? scope.name : undefined));
  const [domain] = domains;
  if (domain !== undefined && domains.every((one) => one === domain)) return domain;
  throw usage(
    `the policies of ${file} are not all of one domain: apply them, and name the domain with --domain`,
  );
}

async function ended(child: Awaited<ReturnType<typeof runInDomain>>): Promise<number> {
  // What a terminal sends reaches the command too, which decides what becomes of it.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => {});
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

function usage(message: string): BpfError {
  return new BpfError(message, { code: 'ERR_BPF_ARGUMENT', reason: 'input' });
}
