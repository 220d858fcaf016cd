import { Command } from 'commander';
import { type Feature, type FeatureReport, features } from '../lsm/index.js';
import type { Finding } from '../object/index.js';
import { paint, printJson } from './output.js';

/** `bpf-lsm features`: what BPF can do here. */
export function featuresCommand(): Command {
  return new Command('features')
    .description('Tell what this kernel and this libbpf can do, and what this process may.')
    .argument('[pattern]', 'only features whose name or group has this in it, such as storage')
    .option('--json', 'print the report as JSON')
    .option('--missing', 'only what does not work here')
    .addHelpText(
      'after',
      `
Three answers for each: whether the kernel can, whether libbpf can, whether this process may; with the reason of the
first that is not yes. "?" is what the kernel would not say, mostly for want of CAP_BPF and CAP_PERFMON. Programs and
maps are made and dropped at once; nothing is attached.

Exit status: 0, or 1 when there is no such feature.`,
    )
    .action((pattern: string | undefined, { json, missing }: { json?: boolean; missing?: boolean }) => {
      const report = features();
      const shown = report.features.filter(
        (one) => matches(one, pattern) && (!missing || firstNo(one) !== undefined),
      );
      if (json) printJson({ ...report, features: shown });
      else process.stdout.write(describe({ ...report, features: shown }));
      process.exitCode = shown.length > 0 || missing ? 0 : 1;
    });
}

function matches({ name, group }: Feature, pattern: string | undefined): boolean {
  return pattern === undefined || name.includes(pattern) || group.includes(pattern);
}

function describe({ kernel, libbpf, features }: FeatureReport): string {
  const width = Math.max(8, ...features.map(({ name }) => name.length));
  const lines = [`kernel ${kernel}, libbpf ${libbpf}`];
  let group: string | undefined;
  for (const feature of features) {
    if (feature.group !== group) {
      group = feature.group;
      lines.push('', paint('bold', `${group.padEnd(width)}    kernel  libbpf  may`));
    }
    const { name, kernel, libbpf, permission } = feature;
    const marks = [kernel, libbpf, permission].map(mark).join('     ');
    lines.push(`  ${name.padEnd(width)}  ${marks}  ${firstNo(feature)?.reason ?? ''}`.trimEnd());
  }
  return `${lines.join('\n')}\n`;
}

function firstNo({ kernel, libbpf, permission }: Feature): Finding | undefined {
  return [kernel, libbpf, permission].find(({ verdict }) => verdict !== 'yes');
}

const MARKS: Readonly<Record<Finding['verdict'], string>> = {
  yes: paint('green', 'yes'),
  no: paint('red', 'no '),
  unknown: paint('yellow', '?  '),
};

function mark({ verdict }: Finding): string {
  return MARKS[verdict];
}
