// Runs a pinned program again and again until it is killed. Argument: the pin.
import { BpfProgram } from 'bpf-lsm';

const program = BpfProgram.open(process.argv[2]);
program.run();
process.send('running', () => {
  for (;;) program.run();
});
