// Calls process.exit() while objects load.
import { BpfObject } from 'bpf-lsm';

const kinds = new URL('../../build/test/bpf/kinds.bpf.o', import.meta.url);
for (let i = 0; i < 8; i++) BpfObject.open(kinds).load();
setImmediate(() => process.exit(7));
