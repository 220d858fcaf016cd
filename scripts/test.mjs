// The whole suite: sets up what is missing, then style, the core's own tests and fuzz targets under sanitizers, unit
// tests, tests of the addon (plain and under sanitizers), the benchmarks with next to nothing to do, the package as users
// get it, and the tests inside guests, kernel by kernel.
//
//   npm test
//   npm test -- --stage unit --stage vm-7.3       some of it
//   npm test -- --list                            what there is
//
// On a machine that is there to be tested on (lab.mjs), the tests run on its own kernel instead of in guests.
//
// In the end it says what failed; the last line says how many checks and tests passed and failed.

import { availableParallelism, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { laboratory } from './lab.mjs';
import { say } from './say.mjs';
import { setUp } from './setup.mjs';
import { IN_GUESTS, KERNELS, ON_OWN_KERNEL, STAGES } from './suite/stages.mjs';

/** An emulated guest keeps one processor busy, and vitest and its file server some of another's time. */
const MOST_AT_ONCE = 2;
const MEMORY_OF_A_GUEST = 3 * 2 ** 30;

const { values } = parseArgs({
  options: {
    stage: { type: 'string', multiple: true },
    list: { type: 'boolean' },
  },
});

if (values.list) {
  process.stdout.write(`${[...STAGES.keys()].join('\n')}\n`);
} else {
  process.exitCode = await runStages(values.stage ?? usualStages());
}

/** All of them, with the tests of LSM programs where they can run. */
function usualStages() {
  const others = laboratory() ? IN_GUESTS : [ON_OWN_KERNEL];
  return [...STAGES.keys()].filter((name) => !others.includes(name));
}

async function runStages(names) {
  const unknown = names.filter((name) => !STAGES.has(name));
  if (unknown.length > 0) {
    say(`There is no stage ${unknown.join(', ')}; there are ${[...STAGES.keys()].join(', ')}.`);
    return 2;
  }
  const kernels = names.includes('guests') ? KERNELS : KERNELS.filter((line) => names.includes(`vm-${line}`));
  await setUp({ guests: kernels, tests: true });

  const results = [];
  for (const name of names.filter((each) => !IN_GUESTS.includes(each))) results.push(await runStage(name));
  results.push(...(await together(names.filter((each) => IN_GUESTS.includes(each)))));
  return sumUp(results);
}

async function runStage(name) {
  const started = performance.now();
  say(`\n== ${name}`);
  const result = await STAGES.get(name)();
  const seconds = Math.round((performance.now() - started) / 1000);
  const where = result.where ? `: ${result.where}` : '';
  say(`== ${name}: ${result.passed} passed, ${result.failed} failed in ${seconds} s${where}`);
  return { name, ...result };
}

/** As many at once as this machine bears. */
async function together(names) {
  const waiting = [...names];
  const results = [];
  const lane = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      results.push(await runStage(name));
  };
  const bearable = Math.min(MOST_AT_ONCE, availableParallelism(), Math.floor(totalmem() / MEMORY_OF_A_GUEST));
  await Promise.all(Array.from({ length: Math.max(1, bearable) }, lane));
  return results;
}

function sumUp(results) {
  const sum = (field) => results.reduce((total, result) => total + result[field], 0);
  const failures = results.flatMap((result) => result.failures.map((what) => `${result.name}: ${what}`));
  if (failures.length > 0) say(`\nFailed:\n${failures.map((line) => `  ${line}`).join('\n')}`);
  process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed\n`);
  return sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
}
