import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, FrameReader, goodbye } from '../../../src/testing/vitest/frames.js';

describe('frames', () => {
  test('arrive as they were sent, however the bytes are cut', () => {
    const messages = fc.array(
      fc.oneof(fc.string(), fc.uint8Array(), fc.dictionary(fc.string(), fc.integer())),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 40 }), (sent, size) => {
        const got: unknown[] = [];
        let byes = 0;
        const reader = new FrameReader(
          (message) => got.push(message),
          () => {
            byes += 1;
          },
        );
        const bytes = Buffer.concat([...sent.map(encodeFrame), goodbye()]);
        for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
        expect(got).toEqual(sent);
        expect(byes).toBe(1);
      }),
    );
  });

  test('carry what vitest sends', () => {
    let got: unknown;
    const message = { error: new TypeError('x'), map: new Map([[1, undefined]]), when: new Date(0), big: 1n };
    new FrameReader((value) => {
      got = value;
    }).push(encodeFrame(message));
    expect(got).toEqual(message);
  });
});
