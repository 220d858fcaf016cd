// Puts results into docs/benchmarks.md, between the comments that mark their place.

import { readFileSync, writeFileSync } from 'node:fs';
import { ROOT } from '../scripts/say.mjs';
import { asMarkdown, tablesOf } from './tables.mjs';

const PAGE = `${ROOT}docs/benchmarks.md`;

/** @param {'machine' | 'guest'} place */
export function writeDocs(place, report) {
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [`<!-- results: ${place} -->`, `<!-- end of results: ${place} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${PAGE} has no place for the results of the ${place}`);
  writeFileSync(PAGE, `${page.slice(0, from + begin.length)}\n\n${textOf(report)}\n\n${page.slice(to)}`);
}

function textOf(report) {
  const tables = tablesOf(report.results).map((table) => `### ${table.title}\n\n${asMarkdown(table)}`);
  return [describeReport(report), ...tables].join('\n\n');
}

/** A sentence on where and how it was measured. */
export function describeReport({ machine, date, settings, pressure }) {
  const { cpu, cpus, kernel, node, libbpf, cilium } = machine;
  const parts = [
    `Measured on ${date.slice(0, 10)}: ${cpu}, ${cpus} ${cpus === 1 ? 'processor' : 'processors'}`,
    `kernel ${kernel}`,
    `Node ${node.slice(1)}`,
    `libbpf ${libbpf}`,
    ...(cilium ? [`cilium/ebpf ${cilium}`] : []),
    `${settings.rounds} rounds`,
  ];
  const busy =
    pressure === undefined
      ? ''
      : ` Some task waited for a processor in ${(pressure * 100).toFixed(0)} % of the time.`;
  return `${parts.join(', ')}.${busy}`;
}
