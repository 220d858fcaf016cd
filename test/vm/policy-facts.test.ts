import { release } from 'node:os';
import { describe, expect, test } from 'vitest';
import { ALL_OPERATIONS } from '../../src/policy/model/index.js';
import { carriersOf } from '../../src/policy/operations/index.js';
import { kernelFacts, plan } from '../../src/policy/plan/index.js';
import { definePolicy } from '../../src/policy/schema/index.js';
import { recordedFacts } from '../support/kernel-facts.js';

const line = /^\d+\.\d+/.exec(release())?.[0] as '6.1' | '6.12' | '7.3';

describe('what policies can need of this kernel', () => {
  test('is what the tests on no kernel take it to be', async () => {
    const { kernel, fileSystems, ...facts } = await kernelFacts();
    const { kernel: _, fileSystems: __, ...recorded } = recordedFacts(line);
    expect(facts).toEqual(recorded);
    expect(kernel).toBe(release());
    expect(fileSystems).toContain('tmpfs');
  });

  test('is enough for all that any kernel is asked about', async () => {
    const carried = ALL_OPERATIONS.filter((operation) => carriersOf(operation).routes.length > 0);
    const policy = definePolicy({ name: 'all', scope: 'host', mode: 'enforce', rules: [{ deny: carried }] });
    expect(plan([policy], await kernelFacts())).toMatchObject({ enforceable: true, refusals: [] });
  });
});
