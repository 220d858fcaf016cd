import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { partialMatch, StreamCutter } from '../../../src/testing/streams.js';

const MARK = '0123456789abcdef0123456789abcdef';

function cut(pieces: readonly Buffer[]): { data: Buffer; begins: number; trailers: string[] } {
  const data: Buffer[] = [];
  const trailers: string[] = [];
  let begins = 0;
  const cutter = new StreamCutter(MARK, {
    begin: () => {
      begins += 1;
    },
    data: (chunk) => data.push(chunk),
    end: (trailer) => trailers.push(trailer),
  });
  for (const piece of pieces) cutter.push(piece);
  return { data: Buffer.concat(data), begins, trailers };
}

/** `whole` in pieces that end at `cuts`. */
function split(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((at) => at % (whole.length + 1)), whole.length].sort((a, b) => a - b);
  return ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
}

describe('a command in a stream', () => {
  test('comes out whole, however the stream is cut', () => {
    const bytes = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.array(fc.nat(), { maxLength: 8 }), (before, body, behind, cuts) => {
        const parts = [before, `\x01${MARK}+\n`, body, `\x01${MARK}-7 1\n`, behind];
        const whole = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
        const result = cut(split(whole, cuts));
        expect(result.begins).toBe(1);
        expect(result.trailers).toEqual(['7 1']);
        expect(result.data.equals(Buffer.from(body))).toBe(true);
      }),
    );
  });

  test('is passed on at once when it cannot be the mark', () => {
    const result = cut([Buffer.from(`\x01${MARK}+\nhello`)]);
    expect(result.data.toString()).toBe('hello');
    expect(result.trailers).toEqual([]);
  });

  test('may look like the mark for a while', () => {
    const teaser = `\x01${MARK.slice(0, 20)}`;
    const result = cut([Buffer.from(`\x01${MARK}+\n${teaser}`), Buffer.from(`${teaser}\x01${MARK}-0 0\n`)]);
    expect(result.data.toString()).toBe(teaser + teaser);
  });

  test('partial matches', () => {
    expect(partialMatch(Buffer.from('xab'), Buffer.from('abc'))).toBe(2);
    expect(partialMatch(Buffer.from('abc'), Buffer.from('abc'))).toBe(0);
    expect(partialMatch(Buffer.from(''), Buffer.from('abc'))).toBe(0);
  });
});
