import {
  OPERATION_CLASSES,
  OPERATIONS,
  type Operation,
  type OperationClass,
  type Target,
  targetOf,
} from '../../src/policy/model/index.js';
import { carriersOf } from '../../src/policy/operations/index.js';
import { recordedFacts } from './kernel-facts.js';

const LINES = ['6.1', '6.12', '7.3'] as const;

const OBJECTS: Readonly<Record<Target, string>> = {
  file: '`path`, `beneath`, `name`, `setId`, `owner`, `fileSystem`',
  process: '`executable`, `uid`, `scope`',
  capability: '`capability`',
  socket: '`family`, `type`, `protocol`',
  address: '`address`, `port`, `transport`, `unix`, `unixBeneath`, `unixAbstract`',
  bpf: '`command`, `programType`',
  mount: '`fileSystem`',
  lockdown: '`lockdown`',
  nothing: 'none',
};

/** docs/operations.md: the catalogue as a page. */
export function operationsPage(): string {
  return `# Operations

What the rules of [policies](policies.md) name: each operation with the hooks that carry it and what those do not see. Where
kernels differ, the hook is that of the kernel; \`bpf-lsm plan\` tells which it is on yours, and refuses a rule when one is
missing. Written from the catalogue that \`plan\` uses.

${OPERATION_CLASSES.map(ofClass).join('\n')}`;
}

function ofClass(name: OperationClass): string {
  const operations = Object.keys(OPERATIONS[name]) as Operation[];
  return `## ${name[0]?.toUpperCase()}${name.slice(1)}\n\n${operations.map(ofOperation).join('\n')}`;
}

function ofOperation(operation: Operation): string {
  const { meaning, routes, blind, instead } = carriersOf(operation);
  const table = routes.map(({ how, hooks }) => `| ${how} | ${hookCell(hooks)} |`).join('\n');
  return [
    `### ${operation}\n`,
    `${meaning} Objects: ${OBJECTS[targetOf(operation)]}.\n`,
    instead === undefined
      ? `| when | hook |\n| --- | --- |\n${table}\n`
      : `No kernel asks LSMs about it, and \`plan\` refuses it: ${instead}.\n`,
    ...(blind.length > 0 ? [`Not seen:\n\n${blind.map((one) => `- ${one}`).join('\n')}\n`] : []),
  ].join('\n');
}

/** The hook, or those of the kernels where they differ. */
function hookCell(hooks: readonly string[]): string {
  const used = LINES.map((line) => hooks.find((hook) => recordedFacts(line).hooks[hook] === 'int') ?? 'none');
  if (new Set(used).size === 1) return `\`${used[0]}\``;
  return LINES.map((line, index) => `${line}: \`${used[index]}\``).join(', ');
}
