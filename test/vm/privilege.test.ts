import { describe, expect, test } from 'vitest';
import { Child } from '../support/child.js';
import { asOrdinaryUser } from '../support/ordinary-user.js';

/** Runs load-guard as an unprivileged user who keeps some capabilities. */
async function loadWith(capabilities: readonly string[]): Promise<unknown> {
  using child = new Child('load-guard', [], { command: asOrdinaryUser(...capabilities) });
  const { stdout, stderr } = await child.ended();
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('privilege', () => {
  test('CAP_BPF and CAP_PERFMON are enough', async () => {
    expect(await loadWith(['bpf', 'perfmon'])).toEqual({ attached: 'tracing' });
  });

  test('with CAP_BPF alone, the error names CAP_PERFMON', async () => {
    expect(await loadWith(['bpf'])).toMatchObject({
      code: 'EPERM',
      reason: 'permission',
      message: expect.stringMatching(/lacks CAP_PERFMON .*give it CAP_BPF and CAP_PERFMON/),
    });
  });

  test('without any, the error names both', async () => {
    expect(await loadWith([])).toMatchObject({
      code: 'EPERM',
      reason: 'permission',
      message: expect.stringMatching(/lacks CAP_BPF and CAP_PERFMON/),
    });
  });
});
