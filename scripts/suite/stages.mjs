// What the suite is made of, stage by stage.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAB_FILE, laboratory } from '../lab.mjs';
import { packageChecks } from '../package.mjs';
import { ROOT, say } from '../say.mjs';
import { compileSanitized, sanitizers } from './builds.mjs';
import { core } from './core.mjs';
import { style } from './style.mjs';
import { failure, tally } from './tally.mjs';
import { vitest } from './vitest.mjs';

export const KERNELS = ['6.1', '6.12', '7.3'];

/** Those that boot guests: they may run beside each other. */
export const IN_GUESTS = [...KERNELS.map((line) => `vm-${line}`), 'guests'];

/** The one that needs no guest, where this machine is there to be tested on. */
export const ON_OWN_KERNEL = 'vm-here';

/** Each resolves to how many passed and failed, which failed, and where they ran. */
export const STAGES = new Map([
  ['style', style],
  ['core', core],
  ['unit', () => vitest('unit')],
  ['native', () => vitest('native')],
  ['sanitized', sanitized],
  ['bench', bench],
  ['package', packaged],
  ...KERNELS.map((line) => [`vm-${line}`, () => inGuest(line)]),
  ['guests', () => vitest('guests', { quiet: true })],
  [ON_OWN_KERNEL, here],
]);

async function sanitized() {
  if (!compileSanitized()) return failure('the build with sanitizers');
  return vitest('native', { env: sanitizers() });
}

/** Every benchmark does its work, a little of it; how long it takes is nobody's business here. */
function bench() {
  const args = ['bench/run.mjs', '--json', '--rounds', '1', '--size', '0.001', '--peers', 'c,js'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) say(stderr);
  const results = status === 0 ? JSON.parse(stdout).results.filter(({ skipped }) => !skipped) : [];
  const isMeasured = ({ cpu, wall, units }) => [cpu.median, wall.median, units].every(Number.isFinite);
  return tally([
    ['the benchmarks run', () => status === 0],
    ...results.map(({ name, peers }) => [name, () => Object.values(peers).every(isMeasured)]),
  ]);
}

function packaged() {
  const { checks, cleanUp } = packageChecks();
  try {
    return tally(checks);
  } finally {
    cleanUp();
  }
}

/** The tests of LSM programs in a guest. */
async function inGuest(line) {
  const directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-test-'));
  const guests = join(directory, 'guests');
  try {
    const counts = await vitest(`vm-${line}`, { env: { BPF_LSM_TEST_GUESTS: guests }, quiet: true });
    const ran = existsSync(guests) ? readFileSync(guests, 'utf8').trim().split('\n') : ['no guest'];
    return { ...counts, where: `on ${[...new Set(ran)].join(' and ')}` };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The same on this machine's own kernel. */
async function here() {
  const lab = laboratory();
  if (!lab) {
    say(
      `Programs that deny for the whole machine are attached to its own kernel only where ${LAB_FILE} says that it is there for that.`,
    );
    return failure(`${LAB_FILE} is there`);
  }
  return { ...(await vitest(ON_OWN_KERNEL)), where: `on Linux ${release()}, natively (${lab})` };
}
