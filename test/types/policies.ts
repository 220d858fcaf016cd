// What policies say, and what does not compile.

import { definePolicy } from '../../src/policy/index.js';

const about = { name: 'a', scope: 'host', mode: 'enforce' } as const;

definePolicy({
  ...about,
  scope: { cgroup: '/system.slice' },
  when: { executables: [{ path: '/usr/bin/node' }], uids: [0, { from: 1000, to: 2000 }] },
  defaults: { network: 'deny' },
  rules: [
    { deny: ['read', 'write'], objects: [{ beneath: '/root' }, { setId: true }] },
    {
      allow: ['connect'],
      objects: [{ address: '10.0.0.0/8', port: 443, transport: 'tcp' }, { unix: '/run/x' }],
    },
    { deny: ['bpf', 'load-module', 'ptrace'], reason: 'whatever the object is' },
    { deny: ['socket'], objects: [{ family: 'AF_PACKET' }, { type: 'SOCK_RAW' }] },
  ],
});

// @ts-expect-error: an address is no file
definePolicy({ ...about, rules: [{ deny: ['read'], objects: [{ address: '10.0.0.0/8' }] }] });
// @ts-expect-error: a file is no address
definePolicy({ ...about, rules: [{ deny: ['connect'], objects: [{ beneath: '/etc' }] }] });
// @ts-expect-error: read and connect act on different objects
definePolicy({ ...about, rules: [{ deny: ['read', 'connect'], objects: [{ path: '/etc' }] }] });
// @ts-expect-error: kexec acts on no object
definePolicy({ ...about, rules: [{ deny: ['kexec'], objects: [{ path: '/boot' }] }] });
// @ts-expect-error: there is no such operation
definePolicy({ ...about, rules: [{ deny: ['raed'] }] });
// @ts-expect-error: a rule either denies or allows
definePolicy({ ...about, rules: [{ deny: ['read'], allow: ['write'] }] });
// @ts-expect-error: a rule does one of the two
definePolicy({ ...about, rules: [{ objects: [{ path: '/etc' }] }] });
// @ts-expect-error: an object is one thing
definePolicy({ ...about, rules: [{ deny: ['socket'], objects: [{}] }] });
// @ts-expect-error: there is no such capability
definePolicy({ ...about, rules: [{ deny: ['capability'], objects: [{ capability: 'CAP_SYS_ADMN' }] }] });
// @ts-expect-error: a mode has to be chosen
definePolicy({ name: 'a', scope: 'host', rules: [] });
// @ts-expect-error: there is no such class
definePolicy({ ...about, defaults: { file: 'deny' }, rules: [] });
