import { expect, test } from 'vitest';
import { assertNotOff } from '../../../src/policy/engine/off-switch.js';

test('policies can be switched off where a machine is booted', () => {
  expect(() => assertNotOff('root=/dev/vda ro bpf_lsm.policies=off quiet\n')).toThrow(
    expect.objectContaining({ code: 'ERR_BPF_POLICY_OFF' }),
  );
  for (const line of ['root=/dev/vda ro\n', 'bpf_lsm.policies=on', 'xbpf_lsm.policies=off', '']) {
    expect(() => assertNotOff(line)).not.toThrow();
  }
});
