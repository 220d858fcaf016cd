import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  decodeAnswer,
  decodeRequest,
  encodeMessage,
  errorOf,
  type Farewell,
  failureOf,
  MOST_BYTES,
  type Request,
} from '../../../src/cgroup/broker-messages.js';
import { BpfError } from '../../../src/errors.js';

const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const json = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('what a client asks', () => {
  const requests: fc.Arbitrary<Request> = fc.oneof(
    fc.record({ id, call: fc.constant('programs' as const) }),
    fc.record({ id, call: fc.constant('attach' as const), program: fc.string() }),
  );

  test('arrives as it was sent', () => {
    fc.assert(
      fc.property(requests, (request) => {
        expect(decodeRequest(encodeMessage(request))).toEqual(request);
      }),
    );
  });

  test('is nothing when it is anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(json)), (bytes) => {
        expect(decodeRequest(bytes)).toBeUndefined();
      }),
    );
  });

  test('is only what belongs to it', () => {
    const more = '{"id":1,"call":"programs","program":"x","__proto__":{"call":"attach"},"constructor":5}';
    expect(decodeRequest(json(more))).toEqual({ id: 1, call: 'programs' });
    expect(decodeRequest(json('{"__proto__":{"id":1,"call":"programs"}}'))).toBeUndefined();
  });
});

describe('what a broker answers', () => {
  const failures = fc.record({ message: fc.string(), code: fc.string() }).map((failure) => ({
    ...failure,
    reason: 'permission' as const,
    hint: 'do this',
  }));
  const answers: fc.Arbitrary<Answer | Farewell> = fc.oneof(
    fc.record({ id, programs: fc.array(fc.string()) }),
    fc.record({ id, attached: id }),
    fc.record({ id, error: failures }),
    fc.record({ farewell: failures }),
  );

  test('arrives as it was sent', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        expect(decodeAnswer(encodeMessage(answer))).toEqual(answer);
      }),
    );
  });

  test('is nothing when it is anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(json)), (bytes) => {
        expect(decodeAnswer(bytes)).toBeUndefined();
      }),
    );
    expect(decodeAnswer(json('{"id":1,"error":{"code":5,"message":"x"}}'))).toBeUndefined();
    expect(decodeAnswer(json('{"id":1,"programs":[1]}'))).toBeUndefined();
  });

  test('leaves out of an error what no error has', () => {
    const answer = decodeAnswer(
      json('{"id":1,"error":{"code":"EPERM","message":"no","reason":"because","hint":5,"stack":"x"}}'),
    );
    expect(answer).toEqual({ id: 1, error: { code: 'EPERM', message: 'no' } });
  });
});

describe('an error', () => {
  test('is the same error at the other end', () => {
    const error = new BpfError('it cannot be', {
      code: 'EPERM',
      reason: 'permission',
      hint: 'ask somebody',
      path: '/sys/fs/cgroup/x',
    });
    const { message, code, reason, hint, path } = errorOf(failureOf(error));
    expect({ message, code, reason, hint, path }).toEqual({
      message: 'it cannot be; ask somebody',
      code: 'EPERM',
      reason: 'permission',
      hint: 'ask somebody',
      path: '/sys/fs/cgroup/x',
    });
  });

  test('fits into a message, however long its texts are', () => {
    const long = '\u0001'.repeat(100_000);
    const fields = { code: 'EPERM', hint: long, path: long, program: long, hook: long };
    const answer = { id: Number.MAX_SAFE_INTEGER, error: failureOf(new BpfError(long, fields)) };
    expect(encodeMessage(answer).length).toBeLessThanOrEqual(MOST_BYTES);
  });
});
