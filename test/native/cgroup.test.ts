import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Cgroup } from '../../src/index.js';
import { describeCgroups } from '../support/cgroup-contract.js';
import { thrown } from '../support/thrown.js';

describeCgroups();

const V1 = '/sys/fs/cgroup/memory';

// Only a host that still has version 1 mounted can show it; guests have version 2 alone.
test.runIf(existsSync(`${V1}/cgroup.procs`))('a cgroup of version 1 is refused as such', async () => {
  const error = await thrown(() => Cgroup.open(V1));
  expect(error).toMatchObject({ code: 'ERR_BPF_NOT_CGROUP', path: V1 });
  expect(error.message).toContain('version 1');
});
