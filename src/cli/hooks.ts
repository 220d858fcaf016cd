import { Argument, Command } from 'commander';
import { hook, hooks, type LsmHook } from '../lsm/index.js';
import { paint, printJson, table } from './output.js';

interface Filters {
  sleepable?: boolean;
  void?: boolean;
  cgroup?: boolean;
  disabled?: boolean;
  argument?: string;
}

interface Options extends Filters {
  json?: boolean;
}

/** `bpf-lsm hooks`: the LSM hooks of the running kernel. */
export function hooksCommand(): Command {
  return new Command('hooks')
    .description('List the LSM hooks of this kernel, or describe one.')
    .addArgument(new Argument('[name]', 'a hook, such as file_open; or a part of names, with a * in it'))
    .option('--json', 'print JSON')
    .option('--sleepable', 'only hooks that take programs which may sleep (lsm.s/)')
    .option('--void', 'only hooks without a result: they observe, and cannot deny')
    .option('--cgroup', 'only hooks that take programs for a cgroup (lsm_cgroup/)')
    .option('--disabled', 'only hooks that this kernel keeps BPF off')
    .option('--argument <type>', 'only hooks that get such an argument, such as linux_binprm')
    .addHelpText(
      'after',
      `
Sleepable, cgroup and disabled come from this kernel's verifier, which takes CAP_BPF and CAP_PERFMON to ask;
without them from a table for Linux 6.1, 6.12 and 7.3.

Exit status: 0, or 1 when this kernel has no such hook.`,
    )
    .action(async (name: string | undefined, { json, ...filters }: Options) => {
      if (name !== undefined && !name.includes('*')) {
        const found = hook(name);
        if (json) printJson(found);
        else process.stdout.write(describe(found));
        return;
      }
      const found = (await hooks()).filter((one) => matches(one, name) && passes(one, filters));
      if (json) printJson(found);
      else process.stdout.write(list(found));
      process.exitCode = found.length > 0 ? 0 : 1;
    });
}

function matches({ name }: LsmHook, pattern: string | undefined): boolean {
  if (pattern === undefined) return true;
  const parts = pattern.split('*').map((part) => part.replace(/[^\w]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(name);
}

function passes({ sleepable, returns, cgroup, disabled, parameters }: LsmHook, filters: Filters): boolean {
  const { argument } = filters;
  return (
    (!filters.sleepable || sleepable === true) &&
    (!filters.void || returns === 'void') &&
    (!filters.cgroup || cgroup === true) &&
    (!filters.disabled || disabled === true) &&
    (argument === undefined || parameters.some(({ type }) => type.split(/\W+/).includes(argument)))
  );
}

function list(found: readonly LsmHook[]): string {
  const rows = found.map(({ prototype, sleepable, cgroup, disabled }) => [
    disabled ? 'disabled' : mark('sleepable', sleepable),
    mark('cgroup', cgroup),
    prototype,
  ]);
  const [first] = found;
  const note = first && first.source !== 'probe' ? `\n${provenance(first)}\n` : '';
  return `${table(['', '', 'hook'], rows)}${note}`;
}

function mark(word: string, holds: boolean | undefined): string {
  return holds === undefined ? '?' : holds ? word : '';
}

function describe(hook: LsmHook): string {
  const { name, prototype, parameters, returns, disabled, sleepable, cgroup, defaultValue } = hook;
  const facts: [string, string][] = [
    ['disabled', answer(disabled)],
    ['sleepable', answer(sleepable)],
    ['cgroup', answer(cgroup)],
    ['returns', RETURNS[returns]],
    ['range', range(hook)],
    ...(defaultValue === undefined ? [] : ([['default', String(defaultValue)]] satisfies [string, string][])),
    ['attach as', sections(hook)],
  ];
  const width = Math.max(...facts.map(([label]) => label.length));
  const lines = facts.map(([label, value]) => `  ${paint('dim', label.padEnd(width))}  ${value}`);
  const args = parameters.map((parameter, i) => [
    `  ${i}`,
    parameter.type,
    parameter.name,
    [parameter.trusted === false ? 'not trusted' : '', parameter.nullable ? 'may be NULL' : '']
      .filter((note) => note !== '')
      .join(', '),
  ]);
  const argumentTable = args.length > 0 ? `\n${table(['  #', 'type', 'argument', ''], args)}` : '';
  return `${paint('bold', prototype)}\n\n${lines.join('\n')}\n${argumentTable}\n${provenance(hook, name)}\n`;
}

const RETURNS: Readonly<Record<LsmHook['returns'], string>> = {
  int: '0 to allow, a negative errno to deny',
  bool: '0 or 1',
  void: 'nothing: the hook observes, and cannot deny',
};

function range({ returns, returnRange }: LsmHook): string {
  if (returns === 'void') return 'any';
  if (returnRange === undefined) return '?';
  return returnRange === null
    ? 'not enforced by this kernel'
    : `${returnRange[0]} to ${returnRange[1]}, enforced by the verifier`;
}

function sections({ name, disabled, sleepable, cgroup }: LsmHook): string {
  if (disabled) return 'nothing: this kernel keeps BPF off this hook';
  return [
    `lsm/${name}`,
    ...(sleepable ? [`lsm.s/${name}`] : []),
    ...(cgroup ? [`lsm_cgroup/${name}`] : []),
  ].join(', ');
}

function answer(holds: boolean | undefined): string {
  return holds === undefined ? '?' : holds ? 'yes' : 'no';
}

function provenance({ source }: LsmHook, of = 'a hook'): string {
  switch (source) {
    case 'probe':
      return paint('dim', `Prototype from the kernel's BTF, the rest from its verifier.`);
    case 'table':
      return paint(
        'yellow',
        `From a table for this line of kernels: CAP_BPF and CAP_PERFMON are needed to ask the verifier.`,
      );
    case 'unknown':
      return paint(
        'yellow',
        `Which programs ${of} takes could not be told: the kernel does not answer, and it is in no table.`,
      );
  }
}
