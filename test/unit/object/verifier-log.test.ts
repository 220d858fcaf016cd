import { describe, expect, test } from 'vitest';
import { readVerifierLog } from '../../../src/object/verifier-log.js';
import * as logs from './verifier-logs.js';

/** The verifier's own part of what libbpf says. */
function verifierLog(libbpfLog: string): string {
  return /-- BEGIN PROG LOAD LOG --\n([\s\S]*?)-- END PROG LOAD LOG --/.exec(libbpfLog)?.[1] ?? '';
}

describe('the verdict of a verifier log in the classic format', () => {
  test.each([
    ['Linux 6.1', logs.nullOn6_1],
    ['Linux 6.12, which adds places to the source lines', logs.nullOn6_12],
  ])('has reason, instruction and source line: %s', (_kernel, log) => {
    expect(readVerifierLog(verifierLog(log))).toEqual({
      reason: "R0 invalid mem access 'map_value_or_null'",
      instruction: '7: (79) r1 = *(u64 *)(r0 +0)',
      source: '*count += 1;',
    });
  });

  test('takes the line before the states of a loop for the reason', () => {
    for (const log of [logs.endlessOn6_1, logs.endlessOn6_12]) {
      expect(readVerifierLog(verifierLog(log))).toEqual({
        reason: 'infinite loop detected at insn 0',
        instruction: '1: (56) if w0 != 0x0 goto pc-2',
        source: 'while (bpf_get_prandom_u32() != 0) continue;',
      });
    }
  });

  test('has the instruction without the state behind it', () => {
    expect(readVerifierLog(verifierLog(logs.returnOn6_12))).toEqual({
      reason: 'At program exit the register R0 has smin=1 smax=1 should have been in [-4095, 0]',
      instruction: '1: (95) exit',
      source: 'return 1;',
    });
    const [, instruction] = verifierLog(logs.returnOn6_12).match(/^(0: \(b4\).*)$/m) ?? [];
    expect(readVerifierLog(`${instruction}\nthe reason\n`)).toMatchObject({ instruction: '0: (b4) w0 = 1' });
  });

  test('passes over places without a line of source', () => {
    const log = '; first line @ guard.bpf.c:3\n;  @ guard.bpf.c:0\n3: (07) r2 += -4 ; R2=fp-4\nbad offset\n';
    expect(readVerifierLog(log)).toEqual({
      reason: 'bad offset',
      instruction: '3: (07) r2 += -4',
      source: 'first line',
    });
  });

  test.each([
    ['sleepable', logs.sleepableOn7_3, 'bpf_lsm_file_mprotect is not sleepable'],
    ['licence', logs.licenseOn7_3, 'LSM programs must have a GPL compatible license'],
  ])('has a reason alone when no instruction was looked at: %s', (_name, log, reason) => {
    expect(readVerifierLog(verifierLog(log))).toEqual({ reason });
  });

  test.each([
    '',
    '\n',
    'processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n',
  ])('is none when the log gives none: %j', (log) => {
    expect(readVerifierLog(log)).toBeUndefined();
  });
});

describe('the verdict of a verifier log with sections, since Linux 7.3', () => {
  test('has reason, instruction, source line and suggestion from the sections', () => {
    expect(readVerifierLog(verifierLog(logs.nullOn7_3))).toEqual({
      reason:
        'R0 may be NULL here (a nullable map value pointer). The program could dereference NULL on this path, so the verifier cannot prove this access is safe',
      instruction: '7: (79) r1 = *(u64 *)(r0 +0)',
      source: '*count += 1;',
      suggestion: 'Add a NULL check before the access and dereference the pointer only on the non-NULL path',
    });
  });

  test('has no sections for other failures, which read as before', () => {
    expect(readVerifierLog(verifierLog(logs.argsOn7_3))).toEqual({
      reason: 'invalid bpf_context access off=16 size=8',
      instruction: '0: (79) r1 = *(u64 *)(r1 +16)',
      source: 'LSM_PROGRAM(file_open, faulty_args, void* file, long result, long beyond) {',
    });
  });

  test('falls back to what comes before a section that is missing', () => {
    const log = verifierLog(logs.nullOn7_3);
    const cut = (from: string, to: string) => log.slice(0, log.indexOf(from)) + log.slice(log.indexOf(to));
    const withoutPlace = cut('At:', 'Suggestion:');
    expect(readVerifierLog(withoutPlace)).toMatchObject({
      reason: expect.stringMatching(/^R0 may be NULL here/),
      instruction: '7: (79) r1 = *(u64 *)(r0 +0)',
      source: '*count += 1;',
    });
    expect(readVerifierLog(cut('Reason:', 'At:'))).toMatchObject({
      reason: 'Verification failed: Register Type Safety: Invalid dereference',
      source: '*count += 1;',
    });
    const onlyHeadline = log.slice(log.indexOf('Verification failed'), log.indexOf('Reason:'));
    expect(readVerifierLog(onlyHeadline)).toEqual({
      reason: 'Verification failed: Register Type Safety: Invalid dereference',
    });
  });

  test('is read from a log cut off anywhere without an error', () => {
    const log = verifierLog(logs.nullOn7_3);
    for (let length = 0; length < log.length; length += 7) {
      const verdict = readVerifierLog(log.slice(0, length));
      if (verdict) expect(verdict.reason).not.toBe('');
    }
  });
});
