import { kernelLines } from 'bpf-lsm/testing';
import { vmPool } from 'bpf-lsm/testing/vitest';
import { defineConfig } from 'vitest/config';

// The same tests on each kernel, each time as root in a guest of its own, one guest after the other.
export default defineConfig({
  test: {
    projects: kernelLines.map((kernel, index) => ({
      test: {
        name: `linux-${kernel}`,
        include: ['test/**/*.test.ts'],
        pool: vmPool({ kernel }),
        maxWorkers: 1,
        sequence: { groupOrder: index },
        // A guest without KVM is emulated, which takes its time on a busy machine.
        testTimeout: 60_000,
        hookTimeout: 60_000,
      },
    })),
  },
});
