// libvirt's daemons: those that run are used; on a machine without a service manager they are started here, and stopped.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { giveUp, ROOT, say } from './say.mjs';

// Of the host, and not of this clone: the machine of another may be the last to be taken away.
const STATE = '/run/bpf-lsm-vagrant';
const SYSTEM = ['-q', '-c', 'qemu:///system'];
const PATIENCE_SECONDS = 30;

/** Makes sure that libvirt answers. */
export async function startLibvirt() {
  mkdirSync(STATE, { recursive: true, mode: 0o700 });
  if (!answers()) {
    say('Starting libvirt');
    startDaemon('virtlogd', ['/usr/sbin/virtlogd']);
    startDaemon('libvirtd', [
      'unshare',
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      'mount --bind "$1" /etc/libvirt/qemu.conf && exec /usr/sbin/libvirtd',
      'sh',
      `${ROOT}vagrant/qemu.conf`,
    ]);
    for (let tries = 0; !answers(); tries++) {
      if (tries === PATIENCE_SECONDS * 10)
        giveUp(`libvirtd does not answer: ${STATE}/libvirtd.log has what it says.`);
      await sleep(100);
    }
  }
}

/** Stops what startLibvirt() has started, once no machine runs. */
export async function stopLibvirt() {
  if (!['libvirtd', 'virtlogd'].some(runningPid)) return;
  const running = spawnSync('virsh', [...SYSTEM, 'list', '--name'], { encoding: 'utf8' }).stdout?.trim();
  if (running) {
    say(`libvirt is left running: it has the machine ${running.split('\n').join(', ')}.`);
    return;
  }
  for (const name of ['default', 'vagrant-libvirt']) {
    spawnSync('virsh', [...SYSTEM, 'net-destroy', name], { stdio: 'ignore' });
  }
  for (const name of ['libvirtd', 'virtlogd']) await stopDaemon(name);
}

function answers() {
  return spawnSync('virsh', [...SYSTEM, 'list'], { stdio: 'ignore' }).status === 0;
}

function startDaemon(name, [program, ...args]) {
  if (runningPid(name) !== undefined) return;
  const log = openSync(`${STATE}/${name}.log`, 'w');
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log] });
  child.on('error', ({ message }) => giveUp(`${name} could not be started: ${message}.`));
  child.unref();
  writeFileSync(pidFile(name), String(child.pid));
}

async function stopDaemon(name) {
  const pid = runningPid(name);
  if (pid !== undefined) {
    process.kill(pid, 'SIGTERM');
    while (runningPid(name) !== undefined) await sleep(50);
  }
  rmSync(pidFile(name), { force: true });
}

/** The process that was started here, if it still is that: its number may be another's by now. */
function runningPid(name) {
  if (!existsSync(pidFile(name))) return undefined;
  const pid = Number(readFileSync(pidFile(name), 'utf8'));
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name ? pid : undefined;
  } catch {
    return undefined;
  }
}

function pidFile(name) {
  return `${STATE}/${name}.pid`;
}
