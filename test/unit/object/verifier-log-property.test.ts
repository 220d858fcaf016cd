import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { VerifierFailure } from '../../../src/errors.js';
import { lastWords, readVerifierLog } from '../../../src/object/verifier-log.js';
import { kernels, refusalsBy, verifierLogOf } from './load-failure-logs.js';

const realLogs = kernels.flatMap((kernel) =>
  Object.keys(refusalsBy(kernel)).map((name) => verifierLogOf(name, kernel)),
);

/** Lines as verifiers write them, and what only looks like one. */
const line = fc.oneof(
  fc.constantFrom(
    ...realLogs.flatMap((log) => log.split('\n')),
    'Verification failed: x',
    'Reason:',
    'At:',
    'Suggestion:',
    '  >>>  7 | (79) r1 = *(u64 *)(r0 +0)',
    'processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0',
    ';  @ guard.bpf.c:0',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** The texts of a verdict, wherever they are in it. */
function textsOf(verdict: VerifierFailure): string[] {
  const values = (value: unknown): unknown[] =>
    typeof value === 'object' && value !== null ? Object.values(value).flatMap(values) : [value];
  const { format: _, ...rest } = verdict;
  return values(rest).filter((value) => typeof value === 'string');
}

/** What a reader of the verdict may count on, whatever the log is. */
function expectSound(log: string): void {
  expect(() => lastWords(log)).not.toThrow();
  const verdict = readVerifierLog(log);
  if (verdict === undefined) return;
  expect(verdict.reason.trim()).not.toBe('');
  for (const text of textsOf(verdict)) {
    expect(text).not.toContain('\n');
    // Nothing is made up: each word was in the log.
    for (const word of text.split(/\s+/)) expect(log).toContain(word.replace(/:$/, ''));
  }
}

test('any lines give a verdict that is theirs, or none', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), fc.constantFrom('\n', '\r\n'), (lines, end) =>
      expectSound(lines.join(end)),
    ),
    { numRuns: 2000 },
  );
});

test('real logs with parts missing, doubled and in another order do too', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...realLogs),
      fc.array(fc.tuple(fc.nat(), fc.nat(40)), { maxLength: 6 }),
      (log, cuts) => {
        const lines = log.split('\n');
        const parts = cuts.map(([from, count]) => lines.slice(from % lines.length).slice(0, count));
        expectSound(parts.flat().join('\n'));
      },
    ),
    { numRuns: 2000 },
  );
});
