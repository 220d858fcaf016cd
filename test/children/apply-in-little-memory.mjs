// Says "ready", and when it is answered applies a policy with many rules; says what became of that.
//
//   apply-in-little-memory.mjs RULES

import process from 'node:process';
import { applyPolicies, definePolicy, policyStatus } from 'bpf-lsm';

const [rules] = process.argv.slice(2).map(Number);
const policy = definePolicy({
  name: 'large',
  scope: 'host',
  mode: 'enforce',
  rules: [
    {
      deny: ['connect'],
      objects: Array.from({ length: rules }, (_, index) => ({ unixAbstract: `name-${index}` })),
    },
  ],
});
// All that is loaded once is there by now.
await policyStatus();
await new Promise((resolve) => {
  process.once('message', resolve);
  process.send('ready');
});
try {
  await applyPolicies([policy]);
  process.send('applied');
} catch (error) {
  process.send(error.code);
}
process.disconnect();
