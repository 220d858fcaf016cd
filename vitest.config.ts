import { appendFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { kernelLines, type Vm } from './dist/testing/index.js';
import { vmPool } from './dist/testing/vitest/index.js';

/** Tells scripts/test.mjs where the tests ran. */
function onBoot({ kernel, accel }: Pick<Vm, 'kernel' | 'accel'>): void {
  const report = process.env.BPF_LSM_TEST_GUESTS;
  if (report) appendFileSync(report, `Linux ${kernel.release}, in a guest (${accel})\n`);
}

/**
 * The compiled library instead of its sources, loaded by Node itself: vitest would compile some three hundred modules anew for
 * each file of tests, which where everything is emulated takes longer than the tests.
 */
const ofTheBuild = {
  resolve: {
    alias: [
      {
        find: /^(?:\.\.\/)+src\/(.*)$/,
        replacement: fileURLToPath(new URL('./dist/$1', import.meta.url)),
      },
    ],
  },
};
const testsOfTheBuild = {
  globalSetup: ['test/support/assert-built.ts'],
  server: { deps: { external: [/\/dist\//] } },
};

const vmTests = {
  ...testsOfTheBuild,
  include: ['test/vm/**/*.test.ts'],
  setupFiles: ['test/support/leak-check.ts'],
  execArgv: ['--expose-gc'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
  teardownTimeout: 20_000,
  maxWorkers: 1,
};

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 120_000 } },
      {
        ...ofTheBuild,
        test: {
          ...testsOfTheBuild,
          name: 'native',
          include: ['test/native/**/*.test.ts'],
          setupFiles: ['test/support/leak-check.ts'],
          pool: 'forks',
          execArgv: ['--expose-gc'],
          // They also run on machines that are emulated, where everything takes fifty times as long.
          testTimeout: 300_000,
          hookTimeout: 300_000,
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
        ...ofTheBuild,
        test: {
          ...vmTests,
          name: `vm-${kernel}`,
          pool: vmPool({ kernel, onBoot }),
          sequence: { groupOrder: index + 2 },
        },
      })),
      // The same on this machine's own kernel, where that is what the machine is for (scripts/lab.mjs).
      ...(existsSync('/etc/bpf-lsm/lab')
        ? [
            {
              ...ofTheBuild,
              test: {
                ...vmTests,
                name: 'vm-here',
                // What is true of guests alone.
                exclude: ['test/vm/smoke.test.ts'],
                pool: 'forks' as const,
                sequence: { groupOrder: kernelLines.length + 2 },
              },
            },
          ]
        : []),
    ],
  },
});
