// Tries all that ends or changes what cgroup-lock.mjs pinned, as root, and tells what came of each: 0, or the name of
// an errno. Arguments: NAME, what that printed
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, renameSync, unlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BpfMap, BpfObject, Cgroup, Link } from 'bpf-lsm';
import { tryListen } from '../support/try-listen.mjs';

const [name, told] = process.argv.slice(2);
const { links, programs, gate } = JSON.parse(told);
const directory = `/sys/fs/bpf/${name}`;
const cgroup = Cgroup.open(`/sys/fs/cgroup/${name}`);
const object = await BpfObject.open(
  new URL('../../build/test/bpf/cgroup_hooks.bpf.o', import.meta.url),
).load();

function attempt(what) {
  try {
    what();
    return '0';
  } catch (error) {
    return error.code ?? error.message;
  }
}

/** A command that fails says why. */
function command(...words) {
  const { status, stdout, stderr } = spawnSync(words[0], words.slice(1), { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(/not permitted|must be superuser/.test(stdout + stderr) ? 'EPERM' : stdout + stderr);
}

async function binds() {
  const outside = await tryListen();
  cgroup.add(process.pid);
  const inside = await tryListen();
  Cgroup.root().add(process.pid);
  return { inside, outside };
}

const pin = (program) => `${directory}/${program}`;
const before = await binds();
const attempts = {
  list: attempt(() => readdirSync(directory)),
  openPin: attempt(() => Link.open(pin('0_deny_bind')).close()),
  addPin: attempt(() => object.programs.busy_bind.pin(pin('another'))),
  rename: attempt(() => renameSync(pin('0_deny_bind'), pin('renamed'))),
  openLinks: links.map((id) => attempt(() => Link.openById(id).close())),
  openPrograms: programs.map((id) => attempt(() => command('bpftool', 'prog', 'show', 'id', `${id}`))),
  openGate: attempt(() => BpfMap.openById(gate).close()),
  addProgram: attempt(() => object.programs.busy_bind.attach({ cgroup: cgroup.path }).close()),
  update: attempt(() => {
    const link = Link.openById(links[0]);
    link.update(object.programs.deny_bind);
    link.close();
  }),
  ftrace: attempt(() => closeSync(openSync('/proc/sys/kernel/ftrace_enabled', 'r+'))),
  anotherSwitch: attempt(() => closeSync(openSync('/proc/sys/kernel/hostname', 'r+'))),
  emptyGate: attempt(() => BpfMap.openById(gate).delete(cgroup.id)),
  detach: attempt(() => Link.openById(links[0]).detach()),
  detachProgram: attempt(() =>
    command('bpftool', 'cgroup', 'detach', cgroup.path, 'lsm_cgroup', 'id', `${programs[0]}`),
  ),
  unlink: ['renamed', '0_deny_bind', '1_deny_bind_of_socket'].map((program) =>
    attempt(() => unlinkSync(pin(program))),
  ),
  umount: attempt(() => command('umount', '-l', '/sys/fs/bpf')),
};
// What is not locked ends in a worker of the kernel's.
let after = await binds();
for (let i = 0; i < 100 && attempts.detach === '0' && after.inside !== '0'; i++) {
  await sleep(100);
  after = await binds();
}
console.log(JSON.stringify({ before, attempts, after }));
