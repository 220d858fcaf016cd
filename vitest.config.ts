import { defineConfig } from 'vitest/config';
import { kernelLines } from './dist/testing/index.js';
import { vmPool } from './dist/testing/vitest/index.js';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 120_000 } },
      {
        test: {
          name: 'native',
          include: ['test/native/**/*.test.ts'],
          setupFiles: ['test/support/leak-check.ts'],
          pool: 'forks',
          execArgv: ['--expose-gc'],
          testTimeout: 20_000,
        },
      },
      // Tests that boot guests themselves, one at a time.
      {
        test: {
          name: 'guests',
          include: ['test/guests/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      // One kernel after the other, and in each guest one file at a time: emulation needs the whole machine.
      ...kernelLines.map((kernel, index) => ({
        test: {
          name: `vm-${kernel}`,
          include: ['test/vm/**/*.test.ts'],
          setupFiles: ['test/support/leak-check.ts'],
          pool: vmPool({ kernel }),
          execArgv: ['--expose-gc'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          teardownTimeout: 20_000,
          maxWorkers: 1,
          sequence: { groupOrder: index + 2 },
        },
      })),
    ],
  },
});
