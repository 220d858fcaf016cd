import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Acted, decide, judge } from '../../../src/policy/evaluate/index.js';
import { ALL_OPERATIONS, type Operation, type Policy } from '../../../src/policy/model/index.js';
import { definePolicy } from '../../../src/policy/schema/index.js';
import { policyInput } from '../../support/policies.js';
import { files, place, subject } from '../../support/policy-setting.js';

describe('all policies together', () => {
  const paths = ['/etc/passwd', '/usr/bin/sh', '/x/y', '/home/no', '/etc/new', '/'];
  const acted = fc.constantFrom<Acted>(
    ...paths.map((path) => place(files, path)),
    { kind: 'process', process: subject },
    { kind: 'process', process: { ...subject, uids: { real: 0, effective: 0 }, domains: [] } },
    { kind: 'capability', capability: 'CAP_BPF' },
    { kind: 'socket', family: 'AF_INET', type: 'SOCK_RAW', protocol: undefined },
    { kind: 'ip', address: { family: 4, bits: 0x0a000001n }, port: 443, transport: 'tcp' },
    { kind: 'unix-abstract', name: 'no' },
    { kind: 'bpf', command: 'BPF_PROG_LOAD', programType: 'BPF_PROG_TYPE_LSM' },
    { kind: 'mount', type: 'tmpfs' },
    { kind: 'lockdown', reason: 'LOCKDOWN_KEXEC' },
    { kind: 'nothing' },
  );
  const operation = fc.constantFrom(...ALL_OPERATIONS);
  const policies = fc.array(policyInput.map(definePolicy), { minLength: 1, maxLength: 4 });
  const ask = (policies: readonly Policy[], operation: Operation, acted: Acted) =>
    decide(policies, subject, operation, [acted], files.anchor);

  test('deny what one enforcing policy alone denies, and nothing else', () => {
    fc.assert(
      fc.property(policies, operation, acted, (policies, operation, acted) => {
        const alone = policies.map((policy) => ask([policy], operation, acted));
        const all = ask(policies, operation, acted);
        expect(all.denied).toBe(alone.some(({ denied }) => denied));
        expect(all.errno).toBe(alone.find(({ denied }) => denied)?.errno ?? null);
        expect(all.verdicts).toEqual(alone.flatMap(({ verdicts }) => verdicts));
      }),
    );
  });

  test('deny nothing when all are audited, and say what they would', () => {
    fc.assert(
      fc.property(policies, operation, acted, (policies, operation, acted) => {
        const audited = ask(
          policies.map((policy) => ({ ...policy, mode: 'audit' })),
          operation,
          acted,
        );
        const enforced = ask(
          policies.map((policy) => ({ ...policy, mode: 'enforce' })),
          operation,
          acted,
        );
        expect(audited.denied).toBe(false);
        expect(audited.verdicts.map(({ effect }) => effect)).toEqual(
          enforced.verdicts.map(({ effect }) => effect),
        );
        expect(enforced.denied).toBe(enforced.verdicts.some(({ effect }) => effect === 'deny'));
      }),
    );
  });

  test('say the same whatever the order of their rules, and however those are split up', () => {
    fc.assert(
      fc.property(
        policyInput.map(definePolicy),
        operation,
        acted,
        fc.infiniteStream(fc.nat()),
        (policy, operation, acted, random) => {
          const split = policy.rules.flatMap((rule) =>
            rule.operations.flatMap((one) =>
              (rule.objects ?? [null]).map((object) => ({
                ...rule,
                operations: [one],
                objects: object && [object],
              })),
            ),
          );
          const shuffled = split
            .map((rule) => ({ rule, at: random.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ rule }) => rule) as Policy['rules'];
          const say = (rules: Policy['rules']) =>
            judge({ ...policy, rules }, operation, [acted], files.anchor).effect;
          expect(say(shuffled)).toBe(say(policy.rules));
        },
      ),
    );
  });

  test('say nothing of an operation that neither a rule names nor a default denies', () => {
    fc.assert(
      fc.property(policyInput.map(definePolicy), operation, acted, (policy, operation, acted) => {
        const rules = policy.rules.filter(
          ({ operations }) => !(operations as readonly string[]).includes(operation),
        );
        const defaults = {
          files: 'allow',
          processes: 'allow',
          memory: 'allow',
          network: 'allow',
          kernel: 'allow',
        } as const;
        expect(judge({ ...policy, rules, defaults }, operation, [acted], files.anchor).effect).toBe('allow');
      }),
    );
  });
});
