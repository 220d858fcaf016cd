import { Command } from 'commander';
import { kernelFacts, type Plan, type PlannedPolicy, plan } from '../policy/index.js';
import { paint, printJson } from './output.js';
import { POLICY_FILES, policiesOf } from './policies.js';

/** `bpf-lsm plan`: what will enforce policies on this kernel. */
export function planCommand(): Command {
  return new Command('plan')
    .description('Show what will enforce policies on this kernel, rule by rule.')
    .argument('<file...>', POLICY_FILES)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Nothing is loaded but programs that tell which hooks this kernel has, and nothing is attached.

Exit status: 0 when all of it can be enforced, 3 when something cannot, 1 when a file is not valid.`,
    )
    .action(async (files: string[], { json }: { json?: boolean }) => {
      const found = plan(await policiesOf(files), await kernelFacts());
      if (json) printJson(found);
      else process.stdout.write(describe(found));
      process.exitCode = found.enforceable ? 0 : 3;
    });
}

function describe({ kernel, policies, refusals }: Plan): string {
  const lines = [
    ...refusals.map(refused),
    ...policies.flatMap((policy) => [...describePolicy(policy), '']),
    paint('dim', `Kernel ${kernel}.`),
  ];
  return `${lines.join('\n')}\n`;
}

function describePolicy({ name, mode, file, rules, defaults, refusals }: PlannedPolicy): string[] {
  const from = file === undefined ? '' : paint('dim', `  ${file}`);
  return [
    `${paint('bold', name)}  ${mode}${from}`,
    ...refusals.map((reason) => `  ${refused(reason)}`),
    ...rules.flatMap(({ rule, line, effect, operations, refusals }) => {
      const place = line === undefined ? '' : paint('dim', `  line ${line}`);
      const head = `  rule ${rule}: ${effect} ${operations.map(({ operation }) => operation).join(', ')}${place}`;
      return [
        head,
        ...carried(effect === 'deny' ? operations : []),
        ...refusals.map((reason) => `    ${refused(reason)}`),
      ];
    }),
    ...defaults.flatMap(({ class: of, operations, unreachable, refusals }) => [
      `  default: deny ${of}`,
      ...carried(operations),
      ...unreachable.map(
        (operation) => `    ${operation.padEnd(WIDTH)}  ${paint('yellow', 'no kernel asks LSMs about it')}`,
      ),
      ...refusals.map((reason) => `    ${refused(reason)}`),
    ]),
  ];
}

const WIDTH = 22;

function carried(operations: PlannedPolicy['rules'][number]['operations']): string[] {
  return operations
    .filter(({ routes }) => routes.length > 0)
    .map(({ operation, routes }) => {
      const hooks = [...new Set(routes.map(({ hook }) => hook))].join(', ');
      return `    ${operation.padEnd(WIDTH)}  ${paint('green', hooks)}`;
    });
}

function refused(reason: string): string {
  return `${paint('red', 'refused:')} ${reason}`;
}
