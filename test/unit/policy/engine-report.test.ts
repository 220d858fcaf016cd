import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { assertToken, hashOfToken, presentation } from '../../../src/policy/engine/guard-token.js';
import { parseReport } from '../../../src/policy/engine/report.js';

const HEAD = 'guard 1 12 3\nengine 1 7 6 5000000000 0 16 0 8 2 1\n';

describe('what a guarded engine reports', () => {
  test('is read', () => {
    const report = parseReport(`${HEAD}policy 7 1 kept 4=9 50=18446744073709551615\npolicy 7 0 watched\n`);
    expect(report).toMatchObject({
      armed: true,
      denied: 12n,
      wrongTokens: 3n,
      number: 7,
      previous: 6,
      deadlineNs: 5_000_000_000n,
      expired: false,
      byHost: 16n,
      byDomain: 8n,
      lost: 2n,
      missing: 1n,
      policies: [
        { name: 'kept', enforced: true },
        { name: 'watched', enforced: false },
      ],
    });
    expect(
      report?.policies[0]?.denials.flatMap((count, index) => (count > 0n ? [[index, count]] : [])),
    ).toEqual([
      [4, 9n],
      [50, 18446744073709551615n],
    ]);
  });

  test('is read again when a switch is in its midst', () => {
    expect(parseReport(`${HEAD}policy 7 1 kept\npolicy 8 0 watched\n`)).toBeUndefined();
  });

  test('is refused when it is cut off, or another version writes it', () => {
    for (const text of [
      '',
      'guard 1 12 3\n',
      'guard 1 12 3\nengine 1 7\n',
      HEAD.replace('engine 1', 'engine 2'),
    ]) {
      expect(() => parseReport(text)).toThrow(expect.objectContaining({ code: 'ERR_BPF_STATE' }));
    }
  });
});

describe('a token', () => {
  test('is presented in 43 characters, of which the guard knows the hash', () => {
    for (const token of ['sixteen letters!', 'x'.repeat(1000)]) {
      const path = presentation('00000000000000ab', token);
      expect(path).toMatch(/^bpf-lsm-guard:\/\/00000000000000ab\+[\w-]{43}$/);
      const hash = createHash('sha256').update(path.slice(-43)).digest();
      expect(hashOfToken(token)).toEqual([0, 4, 8, 12, 16, 20, 24, 28].map((at) => hash.readUInt32BE(at)));
    }
  });

  test('is a text of some length, which no error tells', () => {
    expect(() => assertToken('sixteen letters!')).not.toThrow();
    for (const token of [undefined, 7, '', 'short and secret'.slice(1)]) {
      expect(() => assertToken(token)).toThrow(
        expect.objectContaining({ code: 'ERR_BPF_ARGUMENT', message: expect.not.stringContaining('secret') }),
      );
    }
  });
});
