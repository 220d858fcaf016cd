import { Command } from 'commander';
import { type LintFinding, lint, thisMachine } from '../policy/index.js';
import { paint, printJson } from './output.js';
import { POLICY_FILES, policiesOf } from './policies.js';

/** `bpf-lsm lint`: what policies most likely do not mean. */
export function lintCommand(): Command {
  return new Command('lint')
    .description('Look for what policies most likely do not mean, and for what would lock you out.')
    .argument(
      '<file...>',
      `${POLICY_FILES}; those that are to be applied together are best looked at together`,
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The policies are evaluated for init, the shells that this runs in, sshd and this tool: an error is what would stop
them. What of other processes cannot be read without privilege is left out.

Exit status: 0, 3 when there are errors, 1 when a file is not valid.`,
    )
    .action(async (files: string[], { json }: { json?: boolean }) => {
      const findings = lint(await policiesOf(files), thisMachine());
      if (json) printJson(findings);
      else process.stdout.write(findings.map(describe).join(''));
      process.exitCode = findings.some(({ level }) => level === 'error') ? 3 : 0;
    });
}

const COLORS = { error: 'red', warning: 'yellow', note: 'cyan' } as const;

function describe({ level, code, policy, file = '', line, column, message }: LintFinding): string {
  const place = line === undefined ? file : `${file}:${line}:${column}`;
  return `${place}: ${paint(COLORS[level], level)} ${policy}: ${message} ${paint('dim', `[${code}]`)}\n`;
}
