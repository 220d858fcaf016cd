// Checks of the suite: each a name, and whether it holds.

import { say } from '../say.mjs';

/** Counts each as one, and names those that fail. */
export function tally(checks) {
  const result = { passed: 0, failed: 0, failures: [] };
  for (const [name, holds] of checks) {
    const ok = holds();
    say(`  ${ok ? 'ok  ' : 'FAIL'}  ${name}`);
    if (ok) {
      result.passed++;
    } else {
      result.failed++;
      result.failures.push(name);
    }
  }
  return result;
}

export function failure(name) {
  return { passed: 0, failed: 1, failures: [name] };
}
