import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readVerifierLog } from '../../../src/object/verifier-log.js';
import * as logs from './verifier-logs.js';

const realLogs = Object.values(logs).filter((log) => typeof log === 'string');

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

/** What a reader of the verdict may count on, whatever the log is. */
function expectSound(log: string): void {
  const verdict = readVerifierLog(log);
  if (verdict === undefined) return;
  expect(verdict.reason.trim()).not.toBe('');
  for (const [name, text] of Object.entries(verdict)) {
    expect(['reason', 'instruction', 'source', 'suggestion']).toContain(name);
    expect(text).not.toBe('');
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
