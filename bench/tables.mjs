// Results as tables: rows of cells, for a terminal and for the docs.

import { describeRecords } from './cases.mjs';

/** @returns {{ title: string, head: string[], rows: string[][] }[]} */
export function tablesOf(results) {
  return [loadTable, mapTable, ringTable, loopTable, cgroupTable, callTable, policyTable]
    .map((table) => table(results))
    .filter(({ rows }) => rows.length > 0);
}

function loadTable(results) {
  const rows = ofGroup(results, 'load').map((result) => [
    result.name === 'load' ? 'open, load, close' : 'open, load, attach, detach, close',
    ...['c', 'js', 'go'].map((peer) => time(result.peers[peer], 1000)),
    ...ratios(result),
  ]);
  return { title: 'Objects: microseconds', head: ['', 'C', 'bpf-lsm', 'cilium/ebpf', ...RATIOS], rows };
}

function mapTable(results) {
  const rows = ofGroup(results, 'maps').map((result) => [
    result.target,
    result.name.replace(/^map-(\S+) .*$/, '$1'),
    ...['c', 'js', 'go'].map((peer) => time(result.peers[peer], 1)),
    ...ratios(result),
  ]);
  return {
    title: 'Maps: nanoseconds for an operation, or for an entry of many',
    head: ['map', 'operation', 'C', 'bpf-lsm', 'cilium/ebpf', ...RATIOS],
    rows,
  };
}

function ringTable(results) {
  const rows = ofGroup(results, 'ring').map((result) => [
    describeRecords(result.target),
    result.name.replace(/^ring-(\S+) .*$/, '$1').replace('-number', ', u64: number'),
    ...['c', 'js', 'go'].map((peer) => rate(result.peers[peer])),
    ...ratios(result),
  ]);
  return {
    title: 'Ring buffers: million records a second',
    head: ['records', 'read as', 'C', 'bpf-lsm', 'cilium/ebpf', ...RATIOS],
    rows,
  };
}

function loopTable(results) {
  const rows = ofGroup(results, 'event-loop').map(({ target, peers: { js } }) => [
    target,
    digits((js.delivered.median / (js.wall.median * js.units)) * 1e3),
    ...[js.p50, js.p99, js.max].map(({ median }) => median.toFixed(0)),
  ]);
  return {
    title: 'The event loop beside a full ring: delay in microseconds',
    head: ['read as', 'million records a second', 'half of the time', '99 % of the time', 'at most'],
    rows,
  };
}

function cgroupTable(results) {
  const rows = ofGroup(results, 'cgroup-scale').flatMap(({ steps }) =>
    steps.map(({ what, times, instructions, bytes }) => [
      what,
      `${times}`,
      digits(instructions / 1000),
      bytes.toFixed(0),
    ]),
  );
  return {
    title: 'A thousand cgroups, three hooks each: for one of them',
    head: ['', 'times', 'thousand instructions', "bytes of the kernel's memory"],
    rows,
  };
}

function callTable(results) {
  const [first] = ofGroup(results, 'cgroup-calls');
  const rows = (first?.rows ?? []).map(({ call, carrier, depth, cells, beside }) => [
    call,
    `${carrier}/`,
    `${depth}`,
    ...[...cells, beside].map((instructions) => instructions.toFixed(0)),
  ]);
  return {
    title: 'Calls below cgroups with programs: instructions',
    head: ['call', 'programs in', 'depth', ...(first?.programs ?? []).map(String), 'none; 64 beside'],
    rows,
  };
}

function policyTable(results) {
  const [first] = ofGroup(results, 'policies');
  const rows = (first?.rows ?? []).map(({ call, cells: [none, ...others] }) => [
    call,
    none.toFixed(0),
    ...others.map((instructions) => `+${(instructions - none).toFixed(0)}`.replace('+-', '-')),
  ]);
  return { title: 'Calls judged by policies: instructions', head: ['call', ...(first?.columns ?? [])], rows };
}

const RATIOS = ["of C's time", 'goal', "of cilium/ebpf's time"];

function ratios({ ratio, goal, met, goRatio }) {
  return [
    ratio ? spread(ratio) : '',
    goal ? `${goalText(goal)}: ${met ? 'met' : 'missed'}` : '',
    goRatio ? spread(goRatio) : '',
  ];
}

function goalText({ mostRatio, leastRate }) {
  return mostRatio === undefined ? `${leastRate / 1e6} M/s` : `${mostRatio} x`;
}

function spread({ median, low, high }) {
  return `${digits(median)} x (${digits(low)} to ${digits(high)})`;
}

function time(peer, unit) {
  return peer ? digits(peer.cpu.median / unit) : '';
}

function rate(peer) {
  if (!peer) return '';
  const perSecond = 1e9 / peer.cpu.median;
  return Number.isFinite(perSecond) ? digits(perSecond / 1e6) : '0';
}

/** Three digits that count. */
function digits(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function ofGroup(results, group) {
  return results.filter((result) => result.group === group && result.skipped === undefined);
}

export function asMarkdown({ head, rows }) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function asText({ title, head, rows }) {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((cells) => cells[i].length)));
  const line = (cells) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd();
  return [title, '', ...[head, ...rows].map(line)].join('\n');
}
