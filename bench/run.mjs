#!/usr/bin/env node
// npm run bench: the library beside a C program on libbpf, and beside cilium/ebpf where that is installed.

import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { giveUp, ROOT, say } from '../scripts/say.mjs';

const HELP = `Usage: npm run bench -- [options]

Measures the library beside a C program on libbpf, and beside cilium/ebpf where Go and Debian's
golang-github-cilium-ebpf-dev are installed. Needs root. Results go to build/bench/results.json.

  --case NAME      only the cases whose name begins so, such as map-get; may be repeated
  --rounds N       rounds of every case, all peers in turn (default 11)
  --size FACTOR    how much of the usual work a round is (default 1)
  --peers LIST     of c, js, go (default all there are)
  --vm             in a guest, where LSM programs can be loaded: loading, attaching, and what cgroups and policies cost
  --kernel LINE    the guest's kernel (default 7.3)
  --json           print the results as JSON
  --write-docs     put the tables into docs/benchmarks.md
  --list           list the cases and end
  --help           show this text and end`;

const OPTIONS = {
  case: { type: 'string', multiple: true, default: [''] },
  rounds: { type: 'string', default: '11' },
  size: { type: 'string', default: '1' },
  peers: { type: 'string', default: 'c,js,go' },
  vm: { type: 'boolean' },
  kernel: { type: 'string', default: '7.3' },
  json: { type: 'boolean' },
  'write-docs': { type: 'boolean' },
  // In the guest, which sees what was built outside.
  inside: { type: 'boolean' },
  list: { type: 'boolean' },
  help: { type: 'boolean' },
};

function read() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    const rounds = Number(values.rounds);
    const size = Number(values.size);
    if (!Number.isInteger(rounds) || rounds < 1) throw new TypeError('--rounds needs a number from 1');
    if (!(size > 0)) throw new TypeError('--size needs a number above 0');
    return { ...values, rounds, size };
  } catch (error) {
    giveUp(`${error.message}\n\n${HELP}`);
  }
}

const values = read();
if (values.help) {
  process.stdout.write(`${HELP}\n`);
} else {
  const { CASES } = await import('./cases.mjs');
  const chosen = CASES.filter(({ name }) => values.case.some((wanted) => name.startsWith(wanted)));
  if (chosen.length === 0) giveUp(`There is no case ${values.case.join(', ')}: --list names them.`);
  if (values.list) process.stdout.write(`${chosen.map(({ name }) => name).join('\n')}\n`);
  else await report(values.vm ? await inGuest() : await here(chosen));
}

async function here(chosen) {
  const { buildPeers, OBJECT, peerCommands } = await import('./build.mjs');
  const wanted = values.peers.split(',');
  const paths = values.inside ? peerCommands(wanted) : await buildPeers(wanted);
  const { check } = await import('../dist/index.js');
  const { describeMachine, onCpu, pinning, Pressure } = await import('./machine.mjs');
  const { measure } = await import('./measure.mjs');
  const { measureCgroups } = await import('./cgroups.mjs');
  const { measurePolicies } = await import('./policies.mjs');
  const { tablesOf, asText } = await import('./tables.mjs');

  const cpu = pinning();
  const producer = JSON.stringify(onCpu(cpu?.producer, paths.c ?? []));
  const commands = Object.fromEntries(
    Object.entries(paths).map(([name, command]) => [
      name,
      onCpu(cpu?.peers, [...command, OBJECT, ...(name === 'js' ? [producer] : [])]),
    ]),
  );
  const pressure = new Pressure();
  const results = [];
  for (const one of chosen) {
    const obstacle =
      (one.counted && !values.inside && 'it counts instructions') || (one.lsm && (await obstacleHere(check)));
    if (obstacle) {
      say(`${one.name}: left out, ${obstacle}; npm run bench -- --vm measures it in a guest.`);
      results.push({ name: one.name, group: one.group, skipped: obstacle });
      continue;
    }
    const counting = one.name === 'policies' ? measurePolicies : measureCgroups;
    const result = one.counted ? await counting(one, values) : await measure(one, commands, values);
    results.push(result);
    for (const table of tablesOf([result])) say(`\n${asText(table)}`);
  }
  return {
    date: new Date().toISOString(),
    machine: await describeMachine({ go: 'go' in commands }),
    settings: { rounds: values.rounds, size: values.size, pinned: cpu !== undefined },
    pressure: pressure.share(),
    results,
  };
}

async function inGuest() {
  const { buildPeers } = await import('./build.mjs');
  await buildPeers(['c', 'js']);
  const { measureInGuest } = await import('./guest.mjs');
  return measureInGuest(values);
}

/** Why LSM programs cannot be loaded here; undefined when they can. */
async function obstacleHere(check) {
  const { usable, findings } = await check({ canary: false });
  if (usable) return undefined;
  return (
    findings.find(({ essential, verdict }) => essential && verdict !== 'yes')?.reason ?? 'for no known reason'
  );
}

async function report(results) {
  const { tablesOf, asText } = await import('./tables.mjs');
  const { describeReport, writeDocs } = await import('./docs.mjs');
  if (!values.inside) {
    mkdirSync(`${ROOT}build/bench`, { recursive: true });
    const file = `build/bench/results${values.vm ? '-vm' : ''}.json`;
    writeFileSync(`${ROOT}${file}`, `${JSON.stringify(results, null, 2)}\n`);
    if (values['write-docs']) writeDocs(values.vm ? 'guest' : 'machine', results);
    say(`\nResults: ${file}`);
  }
  if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else
    process.stdout.write(
      `\n${[describeReport(results), ...tablesOf(results.results).map(asText)].join('\n\n')}\n`,
    );
}
