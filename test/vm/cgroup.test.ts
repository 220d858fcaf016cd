import { describeCgroups } from '../support/cgroup-contract.js';

describeCgroups();
