import { describe } from 'vitest';
import { describeEdgeRecords } from '../support/edge-records.js';
import { describeRecords } from '../support/records.js';

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)(`on this machine${isRoot ? '' : ' (skipped: loading programs needs root)'}`, () => {
  describeRecords();
  describeEdgeRecords();
});
