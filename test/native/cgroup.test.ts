import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Cgroup } from '../../src/index.js';
import { describeCgroups } from '../support/cgroup-contract.js';
import { thrown } from '../support/thrown.js';

describeCgroups();

const V1 = '/sys/fs/cgroup/memory';

const noV1 = existsSync(`${V1}/cgroup.procs`) ? undefined : 'cgroup version 1 is not mounted here';

test.skipIf(noV1)(
  `a cgroup of version 1 is refused as such${noV1 ? ` (skipped: ${noV1})` : ''}`,
  async () => {
    const error = await thrown(() => Cgroup.open(V1));
    expect(error).toMatchObject({ code: 'ERR_BPF_NOT_CGROUP', path: V1 });
    expect(error.message).toContain('version 1');
  },
);
