import { describe } from 'vitest';
import { describeUserRings } from '../support/user-rings.js';

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)(`on this machine${isRoot ? '' : ' (skipped: loading programs needs root)'}`, () => {
  describeUserRings();
});
