// The main job, for real: a BPF LSM program, loaded from Node, denies a system call.
//
// On a machine whose kernel lets this process load LSM programs it happens here; elsewhere in a guest.

import { spawnSync } from 'node:child_process';
import { openly, ROOT, say } from './say.mjs';
import { setUp } from './setup.mjs';

const LINE = '7.3';
const DEMO = 'build/examples/demo.js';

await setUp();
const obstacle = obstacleHere();
if (obstacle === undefined) {
  say('This kernel loads LSM programs: the demo runs right here, on one child process.');
  process.exitCode = await openly(process.execPath, [DEMO]);
} else {
  say(`LSM programs cannot be used on this machine itself: ${obstacle}`);
  say(`So a guest is booted with Debian's ${LINE} kernel, and the demo runs there.`);
  await setUp({ guests: [LINE] });
  process.exitCode = await openly(process.execPath, ['scripts/vm.mjs', '--kernel', LINE, '--', 'node', DEMO]);
}

/** The first thing that stands in the way of LSM programs on this machine, or undefined. */
function obstacleHere() {
  const { stdout } = spawnSync(process.execPath, ['dist/cli/main.js', 'check', '--json', '--no-canary'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const report = JSON.parse(stdout);
  if (report.usable) return undefined;
  const found = report.findings.find(({ essential, verdict }) => essential && verdict !== 'yes');
  return found?.reason ?? 'it could not be told why';
}
