import { describe, expect, test } from 'vitest';
import { endOf, lastWords, readVerifierLog } from '../../../src/object/verifier-log.js';
import { verifierLogOf } from './load-failure-logs.js';

describe('what a verifier log in the classic format says', () => {
  const found = {
    format: 'classic',
    reason: "R0 invalid mem access 'map_value_or_null'",
    instruction: { index: 7, text: '(79) r1 = *(u64 *)(r0 +0)' },
    source: { text: '*count += 1;' },
  };

  test('is reason, instruction and source line', () => {
    expect(readVerifierLog(verifierLogOf('faulty_null', '6.1'))).toEqual(found);
  });

  test('has the place of the source line since Linux 6.9', () => {
    expect(readVerifierLog(verifierLogOf('faulty_null', '6.12'))).toEqual({
      ...found,
      source: { text: '*count += 1;', file: 'faulty_null.bpf.c', line: 18 },
    });
  });

  test('takes the line before the states of a loop for the reason', () => {
    expect(readVerifierLog(verifierLogOf('faulty_endless', '6.1'))).toEqual({
      format: 'classic',
      reason: 'infinite loop detected at insn 0',
      instruction: { index: 1, text: '(56) if w0 != 0x0 goto pc-2' },
      source: { text: 'while (bpf_get_prandom_u32() != 0) continue;' },
    });
    expect(readVerifierLog(verifierLogOf('faulty_endless', '6.12'))).toMatchObject({
      reason: 'infinite loop detected at insn 0',
      instruction: { index: 1, text: '(56) if w0 != 0x0 goto pc-2' },
      source: { file: 'faulty_endless.bpf.c', line: 8 },
    });
  });

  test('takes no remark for the reason', () => {
    expect(readVerifierLog(verifierLogOf('faulty_return_void', '6.12'))).toMatchObject({
      reason: 'At program exit the register R0 has smin=0 smax=0 should have been in [1, 1]',
      instruction: { index: 1, text: '(95) exit' },
      source: { text: 'return 0;' },
    });
  });

  test('has the instruction without the state behind it', () => {
    const [, instruction] = verifierLogOf('faulty_return', '6.12').match(/^(0: \(b4\).*)$/m) ?? [];
    expect(readVerifierLog(`${instruction}\nthe reason\n`)).toMatchObject({
      instruction: { index: 0, text: '(b4) w0 = 1' },
    });
  });

  test('passes over places without a line of source', () => {
    const log = '; first line @ guard.bpf.c:3\n;  @ guard.bpf.c:0\n3: (07) r2 += -4 ; R2=fp-4\nbad offset\n';
    expect(readVerifierLog(log)).toEqual({
      format: 'classic',
      reason: 'bad offset',
      instruction: { index: 3, text: '(07) r2 += -4' },
      source: { text: 'first line', file: 'guard.bpf.c', line: 3 },
    });
  });

  test.each([
    ['faulty_sleepable', 'bpf_lsm_file_mprotect is not sleepable'],
    ['faulty_license', 'LSM programs must have a GPL compatible license'],
    ['faulty_stack', 'combined stack size of 2 calls is 608. Too large'],
  ])('is a reason alone when no instruction is to blame: %s', (name, reason) => {
    expect(readVerifierLog(verifierLogOf(name, '7.3'))).toEqual({ format: 'classic', reason });
  });

  test.each([
    '',
    '\n',
    'processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n',
  ])('is nothing when the log says nothing: %j', (log) => {
    expect(readVerifierLog(log)).toBeUndefined();
  });
});

describe('what a verifier log with sections says, since Linux 7.3', () => {
  test('is reason, instruction, source line and suggestion from the sections', () => {
    expect(readVerifierLog(verifierLogOf('faulty_null', '7.3'))).toEqual({
      format: 'sections',
      reason:
        'R0 may be NULL here (a nullable map value pointer). The program could dereference NULL on this path, so the verifier cannot prove this access is safe',
      instruction: { index: 7, text: '(79) r1 = *(u64 *)(r0 +0)' },
      source: { text: '*count += 1;', file: 'faulty_null.bpf.c', line: 18 },
      suggestion: 'Add a NULL check before the access and dereference the pointer only on the non-NULL path',
    });
  });

  test('has a long line of source whole, which the sections cut', () => {
    const log = verifierLogOf('faulty_untrusted', '7.3');
    expect(log).toContain('0,...');
    expect(readVerifierLog(log)?.source).toEqual({
      text: '__u64* tag = bpf_inode_storage_get(&tags, file->f_path.dentry->d_inode, 0, 0);',
      file: 'faulty_untrusted.bpf.c',
      line: 31,
    });
  });

  test('has no sections for other failures, which read as before', () => {
    expect(readVerifierLog(verifierLogOf('faulty_args', '7.3'))).toMatchObject({
      format: 'classic',
      reason: 'invalid bpf_context access off=16 size=8',
      instruction: { index: 0, text: '(79) r1 = *(u64 *)(r1 +16)' },
      source: { text: 'LSM_PROGRAM(file_open, faulty_args, void* file, long result, long beyond) {' },
    });
  });

  test('falls back to what comes before a section that is missing', () => {
    const log = verifierLogOf('faulty_null', '7.3');
    const cut = (from: string, to: string) => log.slice(0, log.indexOf(from)) + log.slice(log.indexOf(to));
    expect(readVerifierLog(cut('At:', 'Suggestion:'))).toMatchObject({
      format: 'sections',
      reason: expect.stringMatching(/^R0 may be NULL here/),
      instruction: { index: 7 },
      source: { text: '*count += 1;', file: 'faulty_null.bpf.c', line: 18 },
    });
    expect(readVerifierLog(cut('Reason:', 'At:'))).toMatchObject({
      reason: 'Verification failed: Register Type Safety: Invalid dereference',
      source: { text: '*count += 1;' },
    });
    const onlyHeadline = log.slice(log.indexOf('Verification failed'), log.indexOf('Reason:'));
    expect(readVerifierLog(onlyHeadline)).toEqual({
      format: 'sections',
      reason: 'Verification failed: Register Type Safety: Invalid dereference',
    });
  });

  test('is read from a log cut off anywhere without an error', () => {
    const log = verifierLogOf('faulty_null', '7.3');
    for (let length = 0; length < log.length; length += 7) {
      const verdict = readVerifierLog(log.slice(0, length));
      if (verdict) expect(verdict.reason).not.toBe('');
    }
  });
});

describe('the end of a log', () => {
  test('is what counts of one that is megabytes long', () => {
    const log = `${'1: (bf) r6 = r1\n'.repeat(1_000_000)}the reason\nprocessed 1000001 insns\n`;
    expect(endOf(log).length).toBeLessThan(300_000);
    expect(endOf(log)).toMatch(/^1: \(bf\) r6 = r1\n/);
    expect(readVerifierLog(log)).toMatchObject({ reason: 'the reason', instruction: { index: 1 } });
  });

  test('begins with a whole line, and is the log if that is short', () => {
    expect(endOf('short\n')).toBe('short\n');
  });

  test('has the last words: neither instructions, source nor statistics', () => {
    expect(lastWords(verifierLogOf('faulty_return_void', '6.1'))).toBe(
      "At program exit the register R0 has value (0x0; 0x0) should have been in (0x1; 0x0)\nNote, BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value!",
    );
  });
});
