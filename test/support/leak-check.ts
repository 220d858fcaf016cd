/** A setup file of vitest: a test file that leaves a descriptor or a mapping of the kernel's behind fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { beyond, kernelResources } from './kernel-resources.js';

/** The garbage collector and the event loop get this many turns to let go of what nobody holds. */
const TURNS = 20;

let before: string[] = [];

beforeAll(() => {
  before = kernelResources();
});

// The first hook of its kind runs last: after all that the file itself cleans up.
afterAll(async () => {
  let left = beyond(before, kernelResources());
  for (let turn = 0; turn < TURNS && left.length > 0; turn++) {
    globalThis.gc?.();
    await sleep(turn);
    left = beyond(before, kernelResources());
  }
  if (left.length > 0) throw new Error(`left behind by the tests of this file:\n  ${left.join('\n  ')}`);
});
