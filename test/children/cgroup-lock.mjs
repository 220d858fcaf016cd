// Denies bind(2) in a cgroup by two carriers, pins both, and locks them if told so. Arguments: NAME [lock]
import { attachToHook, BpfObject, Cgroup, lock } from 'bpf-lsm';

const [name, locked] = process.argv.slice(2);
const directory = `/sys/fs/bpf/${name}`;
const cgroup = Cgroup.root().createChild(name);
const object = await BpfObject.open(
  new URL('../../build/test/bpf/cgroup_hooks.bpf.o', import.meta.url),
).load();
const attachments = [
  await attachToHook(object, 'deny_bind', cgroup),
  await attachToHook(object, 'deny_bind_of_socket', cgroup),
];
const told = {
  carriers: attachments.map(({ carrier }) => carrier.name),
  links: attachments.map(({ linkId }) => linkId),
  programs: ['deny_bind', 'deny_bind_of_socket'].map((program) => object.programs[program].info().id),
  gate: object.maps.deny_bind_of_socket_socket_gate.id,
};
if (locked) await lock(attachments, directory);
else
  for (const [index, attachment] of attachments.entries())
    attachment.pin(`${directory}/${index}_${attachment.program}`);
console.log(JSON.stringify(told));
