import { Command } from 'commander';
import { type CheckFinding, type CheckReport, check } from '../lsm/index.js';
import { paint, printJson } from './output.js';

/** `bpf-lsm check`: will an LSM program here really be consulted? */
export function checkCommand(): Command {
  return new Command('check')
    .description('Tell whether an LSM program loaded on this machine would really be consulted.')
    .option('--json', 'print the report as JSON')
    .option('--no-canary', 'do not attach a program, not even one that allows everything for an instant')
    .addHelpText('after', '\nExit status: 0 when LSM programs are usable here, 1 when not.')
    .action(async (options: { json?: boolean; canary: boolean }) => {
      const report = await check({ canary: options.canary });
      if (options.json) printJson(report);
      else process.stdout.write(describe(report));
      process.exitCode = report.usable ? 0 : 1;
    });
}

function describe(report: CheckReport): string {
  const lines = [
    `kernel ${report.kernel}, libbpf ${report.libbpf}`,
    `LSMs: ${report.lsms?.join(', ') ?? 'could not be read'}; Landlock ABI: ${report.landlockAbi ?? 'none'}; lockdown: ${report.lockdown ?? 'could not be read'}`,
    '',
    ...report.findings.map(describeFinding),
    '',
    report.usable ? 'LSM programs are usable here.' : 'LSM programs are NOT usable here.',
  ];
  return `${lines.join('\n')}\n`;
}

const MARKS: Readonly<Record<CheckFinding['verdict'], string>> = {
  yes: paint('green', 'yes'),
  no: paint('red', 'no '),
  unknown: paint('yellow', '?  '),
};

function describeFinding({ verdict, name, reason, fix }: CheckFinding): string {
  const first = `  ${MARKS[verdict]}  ${name.padEnd(12)}  ${reason}`;
  return fix && verdict !== 'yes' ? `${first}\n       ${' '.repeat(12)}  fix: ${fix}` : first;
}
