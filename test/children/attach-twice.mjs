// Attaches a program of an object (argument 1) to a cgroup (argument 2) twice, and looks what is there; prints what came of
// each as JSON.
import { BpfError, BpfObject, Cgroup } from 'bpf-lsm';

const [, , path, directory] = process.argv;
const open = BpfObject.open(path);
for (const program of Object.values(open.programs)) program.autoload = program.name === 'socket_bind_a';
const { socket_bind_a: program } = (await open.load()).programs;
const cgroup = Cgroup.open(directory);

function outcome(call) {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    const { code, reason, hint } = error;
    return { code, reason, hint };
  }
}

const attach = (options) => program.attach({ cgroup, ...options }).info().type;
console.log(
  JSON.stringify([
    outcome(() => attach({})),
    outcome(() => attach({})),
    outcome(() => attach({ guaranteed: true })),
    outcome(() => cgroup.attached().length),
    outcome(() => cgroup.weaknesses().length),
  ]),
);
