// The Vagrant machine from its box to its end:
//
//   npm run vagrant:up         builds the box if need be, brings the machine up
//   npm run vagrant:test       runs `npm test` in it: LSM programs on its own kernel, no guest inside
//   npm run vagrant:destroy    takes it away, and stops what up has started
//
// BPF_LSM_VM_KERNEL and the other variables of vagrant/Vagrantfile choose which.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { buildBox } from '../vagrant/box/build.mjs';
import { startLibvirt, stopLibvirt } from './libvirt.mjs';
import { BUILD, installMissing, VAGRANT } from './packages.mjs';
import { giveUp, openly, ROOT, say } from './say.mjs';
import { setUp } from './setup.mjs';

const KERNEL = process.env.BPF_LSM_VM_KERNEL ?? '7.3';
const BOX = `bpf-lsm/debian-${KERNEL}`;
const IN_VAGRANT = { cwd: `${ROOT}vagrant` };

const COMMANDS = { up, test, destroy };

const command = COMMANDS[process.argv[2]];
if (!command) giveUp(`Say which: ${Object.keys(COMMANDS).join(', ')}.`);
if (process.getuid?.() !== 0) giveUp('The machine of libvirt is brought up by root: run this with sudo.');
process.exitCode = await timed(process.argv[2], command);

async function up() {
  installMissing([...BUILD, ...VAGRANT]);
  await timed('start libvirt', startLibvirt);
  if (!process.env.BPF_LSM_VM_BOX && !hasBox()) await makeBox();
  return timed('vagrant up', () => openly('vagrant', ['up', '--provider=libvirt'], IN_VAGRANT));
}

async function test() {
  // The project as it is now.
  const copied = await openly('vagrant', ['rsync'], IN_VAGRANT);
  if (copied !== 0) return copied;
  return timed('npm test', () =>
    openly(
      'vagrant',
      ['ssh', '--no-tty', '--command', 'cd /srv/bpf-lsm && sudo --login sh -c "cd /srv/bpf-lsm && npm test"'],
      IN_VAGRANT,
    ),
  );
}

async function destroy() {
  if (!existsSync(`${ROOT}vagrant/.vagrant`)) say('There is no machine.');
  await startLibvirt();
  const status = await openly('vagrant', ['destroy', '--force'], IN_VAGRANT);
  await stopLibvirt();
  return status;
}

async function makeBox() {
  await setUp();
  const out = `${ROOT}build/box/${KERNEL}`;
  await timed('build the box', () => buildBox(KERNEL, out));
  const added = await timed('vagrant box add', () =>
    openly('vagrant', ['box', 'add', '--force', `${out}/catalogue.json`], IN_VAGRANT),
  );
  if (added !== 0) giveUp(`vagrant box add failed with status ${added}: see above what it says.`);
}

function hasBox() {
  const { stdout = '' } = spawnSync('vagrant', ['box', 'list', '--machine-readable'], {
    ...IN_VAGRANT,
    encoding: 'utf8',
  });
  return stdout.split('\n').some((line) => line.endsWith(`box-name,${BOX}`));
}

async function timed(what, work) {
  const started = performance.now();
  const result = await work();
  say(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result;
}
