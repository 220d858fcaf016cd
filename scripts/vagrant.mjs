// The Vagrant machine from its box to its end:
//
//   npm run vagrant:up         builds the box if need be, brings the machine up
//   npm run vagrant:test       runs `npm test` in it: LSM programs on its own kernel, no guest inside; emulated, the stages
//                              that a kernel makes a difference to; or those named: npm run vagrant:test -- --stage vm-here
//   npm run vagrant:destroy    takes it away, and stops what up has started
//
// BPF_LSM_VM_KERNEL and the other variables of vagrant/Vagrantfile choose which.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { buildBox, checkLine } from '../vagrant/box/build.mjs';
import { startLibvirt, stopLibvirt } from './libvirt.mjs';
import { BUILD, installMissing, VAGRANT } from './packages.mjs';
import { giveUp, ROOT, say } from './say.mjs';
import { setUp } from './setup.mjs';
import { adviceFor } from './vagrant-advice.mjs';

const KERNEL = process.env.BPF_LSM_VM_KERNEL ?? '7.3';
const BOX = `bpf-lsm/debian-${KERNEL}`;
const IN_VAGRANT = { cwd: `${ROOT}vagrant` };
/** The others find the same under any kernel, and take hours where every instruction is emulated. */
const OF_THE_KERNEL = ['vm-here', 'native'].flatMap((stage) => ['--stage', stage]);

const COMMANDS = { up, test, destroy };

const command = COMMANDS[process.argv[2]];
if (!command) giveUp(`Say which: ${Object.keys(COMMANDS).join(', ')}.`);
if (process.getuid?.() !== 0) giveUp('The machine of libvirt is brought up by root: run this with sudo.');
process.exitCode = await timed(process.argv[2], command);

async function up() {
  checkLine(KERNEL);
  installMissing([...BUILD, ...VAGRANT]);
  await timed('start libvirt', startLibvirt);
  if (!process.env.BPF_LSM_VM_BOX && !hasBox()) await makeBox();
  return timed('vagrant up', () => vagrant('up', '--provider=libvirt'));
}

async function test() {
  const words = process.argv.slice(3);
  // They go through the machine's shell.
  const odd = words.find((word) => !/^[\w.-]+$/.test(word));
  if (odd !== undefined) giveUp(`${odd} is no argument of npm test.`);
  // The project as it is now.
  const copied = await vagrant('rsync');
  if (copied !== 0) return copied;
  const args = words.length > 0 ? words : isEmulated() ? OF_THE_KERNEL : [];
  const command = ['npm test', ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  return timed(command, () =>
    vagrant('ssh', '--no-tty', '--command', `sudo --login sh -c "cd /srv/bpf-lsm && ${command}"`),
  );
}

function isEmulated() {
  const asked = ['ssh', '--no-tty', '--command', 'systemd-detect-virt'];
  const { stdout = '' } = spawnSync('vagrant', asked, { ...IN_VAGRANT, encoding: 'utf8' });
  return stdout.trim() === 'qemu';
}

async function destroy() {
  if (!existsSync(`${ROOT}vagrant/.vagrant`)) {
    say('There is no machine.');
    await stopLibvirt();
    return 0;
  }
  await startLibvirt();
  const status = await vagrant('destroy', '--force');
  await stopLibvirt();
  return status;
}

async function makeBox() {
  await setUp();
  const out = `${ROOT}build/box/${KERNEL}`;
  await timed('build the box', () => buildBox(KERNEL, out));
  const added = await timed('vagrant box add', () =>
    vagrant('box', 'add', '--force', `${out}/catalogue.json`),
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

/** Shows what vagrant says, and in the end what to do about it when it failed in a known way. */
function vagrant(...args) {
  const child = spawn('vagrant', args, { ...IN_VAGRANT, stdio: ['inherit', 'pipe', 'pipe'] });
  let said = '';
  const hear = (from, to) =>
    from.on('data', (chunk) => {
      to.write(chunk);
      said = (said + chunk).slice(-100_000);
    });
  hear(child.stdout, process.stdout);
  hear(child.stderr, process.stderr);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      say(`vagrant could not be started: ${error.message}`);
      resolve(127);
    });
    child.on('close', (code) => {
      const advice = code === 0 || args[0] === 'ssh' ? undefined : adviceFor(said);
      if (advice) say(`\n${advice}`);
      resolve(code ?? 1);
    });
  });
}

async function timed(what, work) {
  const started = performance.now();
  const result = await work();
  say(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result;
}
