// Writes down what the kernels say of the programs that they refuse, for the unit tests of the explanations:
//
//   node scripts/load-failure-logs.mjs [KERNEL...]
//
//   test/fixtures/bpf/faulty_*.bpf.c  ->  test/unit/object/logs/KERNEL.json
//
// Run it after a new faulty_ program, or with a newer kernel. Objects that a kernel loads are not in its file.

import { readdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ROOT, say } from './say.mjs';

const SELF = fileURLToPath(import.meta.url);
const OBJECTS = `${ROOT}build/test/bpf`;
const LOGS = `${ROOT}test/unit/object/logs`;
/** Lines that are kept of a long log, at its begin and end. */
const KEPT = [8, 60];

if (process.argv[2] === '--collect') {
  process.stdout.write(JSON.stringify(await collect()));
} else {
  const { kernelLines, Vm } = await import('../dist/testing/index.js');
  for (const kernel of process.argv.length > 2 ? process.argv.slice(2) : kernelLines) {
    say(`Loading the faulty programs on Linux ${kernel}`);
    const vm = await Vm.boot({ kernel });
    try {
      const { code, stdout, stderr } = await vm.run(['node', SELF, '--collect']);
      if (code !== 0) throw new Error(stderr);
      writeFileSync(`${LOGS}/${kernel}.json`, `${JSON.stringify(JSON.parse(stdout), null, 2)}\n`);
    } finally {
      await vm.close();
    }
  }
}

/** In the guest. */
async function collect() {
  const { BpfObject } = await import('../dist/index.js');
  const failures = {};
  for (const file of readdirSync(OBJECTS).sort()) {
    const name = /^(faulty_\w+)\.bpf\.o$/.exec(file)?.[1];
    if (!name) continue;
    const open = BpfObject.open(`${OBJECTS}/${file}`);
    const { programs, maps } = open.declarations;
    try {
      (await open.load()).close();
    } catch ({ code, errno, libbpfLog }) {
      failures[name] = { code, errno, programs, maps, log: shortened(libbpfLog.split('\n')) };
    }
  }
  return failures;
}

function shortened(lines) {
  const [begin, end] = KEPT;
  return lines.length > 400 ? [...lines.slice(0, begin), '', ...lines.slice(-end)] : lines;
}
