import { expect, test } from 'vitest';
import { native } from '../../src/native.js';
import { bpfFiles } from '../support/fds.js';
import { thrown } from '../support/thrown.js';
import { untyped } from '../support/untyped.js';

const SOCKET_FILTER = { programType: 1, attachType: 0, flags: 0, attachBtfId: 0, logLevel: 1 };
/** r0 = 0; exit */
const RETURN_0 = new Uint8Array([0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);

const permitted = native().probeProgram(SOCKET_FILTER, RETURN_0).errno === 0;

// Without the right to load programs, nothing is taken and the verifier is not asked.
const why = permitted ? '' : ' (skipped: this process may not load programs)';

test.skipIf(!permitted)(`a probed program is taken, and gone at once${why}`, () => {
  const before = bpfFiles();
  expect(native().probeProgram(SOCKET_FILTER, RETURN_0).errno).toBe(0);
  expect(bpfFiles()).toEqual(before);
});

test.skipIf(!permitted)(`or refused, with what the verifier says${why}`, () => {
  const { errno, log } = native().probeProgram(SOCKET_FILTER, RETURN_0.subarray(8));
  expect(errno).toBeGreaterThan(0);
  expect(log).toContain('R0 !read_ok');
  const silent = native().probeProgram({ ...SOCKET_FILTER, logLevel: 0 }, RETURN_0.subarray(8));
  expect(silent).toEqual({ errno, log: '' });
});

test('bad input is refused', async () => {
  for (const bytes of [0, 7, 12]) {
    expect(await thrown(() => native().probeProgram(SOCKET_FILTER, new Uint8Array(bytes)))).toMatchObject({
      code: 'ERR_BPF_ARGUMENT',
    });
  }
  expect(await thrown(() => native().probeProgram(untyped(null), RETURN_0))).toMatchObject({
    code: 'ERR_BPF_ARGUMENT',
  });
  const wrong = untyped<typeof SOCKET_FILTER>({ ...SOCKET_FILTER, flags: -1 });
  expect(await thrown(() => native().probeProgram(wrong, RETURN_0))).toMatchObject({
    code: 'ERR_BPF_ARGUMENT',
  });
});
