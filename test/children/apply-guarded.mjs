// Applies a policy that denies to remove what is beneath a directory, guarded, again and again; says "applied" after each.
//
//   apply-guarded.mjs ENGINE TOKEN DIRECTORY

import process from 'node:process';
import { applyPolicies, definePolicy } from 'bpf-lsm';

const [directory, token, beneath] = process.argv.slice(2);
const policy = definePolicy({
  name: 'by-child',
  scope: 'host',
  mode: 'enforce',
  rules: [{ deny: ['remove'], objects: [{ beneath }] }],
});

for (;;) {
  await applyPolicies([policy], { directory, guard: { token } });
  process.send('applied');
}
