// Measures in a guest what this machine may not do: LSM programs.

import { describeKernel, kernelLines, Vm } from '../dist/testing/index.js';
import { giveUp, ROOT, say } from '../scripts/say.mjs';
import { setUp } from '../scripts/setup.mjs';

const IN_GUESTS = ['load', 'cgroup', 'policies'];

/** Runs the benchmark itself in a guest, which counts instructions: time there is a nanosecond for each. */
export async function measureInGuest({ kernel, rounds, size, case: wanted }) {
  if (!kernelLines.includes(kernel))
    giveUp(`There is no kernel ${kernel}; there are ${kernelLines.join(', ')}.`);
  await setUp({ guests: [kernel] });
  const vm = await Vm.boot({ kernel, icount: true, cwd: ROOT, onNote: say });
  try {
    say(`${describeKernel(vm.kernel)}, emulated, counting instructions`);
    const { code, stdout, stderr } = await vm.run(
      [
        'node',
        '--expose-gc',
        'bench/run.mjs',
        '--inside',
        '--json',
        ...(wanted.join('') === '' ? IN_GUESTS : wanted).flatMap((name) => ['--case', name]),
        '--peers',
        'c,js',
        '--rounds',
        `${rounds}`,
        '--size',
        `${size}`,
      ],
      { timeout: 1_800_000 },
    );
    if (code !== 0) giveUp(`The benchmark failed in the guest with ${code}:\n${stderr}${stdout}`);
    return JSON.parse(stdout);
  } finally {
    await vm.close();
  }
}
