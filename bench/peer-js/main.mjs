// The JavaScript peer: what the other peers do, through the public API. Reads what to do from standard input, a line for
// each round: case, target and count with tabs between them. Answers with a line of numbers: wall time and CPU time in
// ns, units done, check.

import { createInterface } from 'node:readline';
import { load, loadAndAttach } from './load.mjs';
import { eventLoop } from './loop.mjs';
import { mapCases } from './maps.mjs';
import { ringCases } from './ring.mjs';
import { Stopwatch } from './stopwatch.mjs';

const CASES = new Map([
  ['load', load],
  ['load-attach', loadAndAttach],
  ...mapCases,
  ...ringCases,
  ['event-loop', eventLoop],
]);

for await (const line of createInterface({ input: process.stdin })) {
  const [name, target, count] = line.split('\t');
  const run = CASES.get(name);
  if (!run) throw new RangeError(`there is no case ${name}`);
  const watch = new Stopwatch();
  const answer = await run(watch, target, Number(count));
  const { units, check = 0, ...rest } = answer;
  const words = [watch.wall, watch.cpu, units, check];
  if (Object.keys(rest).length > 0) words.push(JSON.stringify(rest));
  process.stdout.write(`${words.join(' ')}\n`);
}
