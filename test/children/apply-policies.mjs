// Applies policies that deny to read what is beneath each directory, one application after the other, again and again if
// told to; says "applied" after each.
//
//   apply-policies.mjs SECONDS_TO_CONFIRM DIRECTORY... [again]

import process from 'node:process';
import { applyPolicies, definePolicy } from 'bpf-lsm';

const [seconds, ...args] = process.argv.slice(2);
const again = args.at(-1) === 'again';
const directories = again ? args.slice(0, -1) : args;
const confirmWithin = Number(seconds) || undefined;

do {
  for (const directory of directories) {
    const policy = definePolicy({
      name: 'by-child',
      scope: 'host',
      mode: 'enforce',
      rules: [{ deny: ['read'], objects: directory.split(',').map((beneath) => ({ beneath })) }],
    });
    await applyPolicies([policy], { confirmWithin });
    process.send('applied');
  }
} while (again);
setInterval(() => {}, 1000);
