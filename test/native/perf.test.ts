import { describe } from 'vitest';
import { describePerfBuffers } from '../support/perf-buffers.js';

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)(`on this machine${isRoot ? '' : ' (skipped: loading programs needs root)'}`, () => {
  describePerfBuffers();
});
