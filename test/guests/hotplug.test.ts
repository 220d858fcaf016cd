import { kernelLines, Vm } from 'bpf-lsm/testing';
import { expect, test } from 'vitest';

test.each(kernelLines)('Linux %s: a perf buffer when a CPU goes and comes back', async (kernel) => {
  await using vm = await Vm.boot({ kernel, cpus: 2 });
  const { code, stdout, stderr } = await vm.run(['node', 'test/children/hotplug.mjs']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual([
    { what: 'both online', cpus: ['0', '1'], delivered: 0, dropped: 0, events: expect.any(Array) },
    // What the CPU had sent is not lost with it.
    { what: 'one offline', cpus: ['0', '1 not read'], delivered: 5, dropped: 0, events: [1, 1, 1, 1] },
    {
      what: 'one offline, the other goes on',
      cpus: ['0', '1 not read'],
      delivered: 9,
      dropped: 0,
      events: [0],
    },
    // Its programs cannot send, and count that.
    { what: 'back, without a buffer', cpus: ['0', '1 not read'], delivered: 10, dropped: 5, events: [] },
    { adopted: [1], again: [] },
    { what: 'back, adopted', cpus: ['0', '1'], delivered: 10, dropped: 5, events: [1, 1, 1, 1, 1, 1] },
    { produced: 21, account: 21 },
  ]);
});
