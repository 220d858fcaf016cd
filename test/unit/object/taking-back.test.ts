import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instruction as one } from '../../../src/object/instructions.js';
import { takingBackBy } from '../../../src/object/taking-back.js';

const SET_RETVAL = one({ opcode: 0x85, value: 187 });
const EXIT = one({ opcode: 0x95 });
const ALLOW = [one({ opcode: 0xb7, value: 1 }), EXIT];
const move = (to: number, value: number): Uint8Array => one({ opcode: 0xb7, to, value });

const program = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

describe('a program that calls bpf_set_retval()', () => {
  test.each([
    ['not at all', [...ALLOW], 'never'],
    ['with 0', [move(1, 0), SET_RETVAL, ...ALLOW], 'calls'],
    ['with 0 in 32 bits', [one({ opcode: 0xb4, to: 1 }), SET_RETVAL, ...ALLOW], 'calls'],
    [
      'with 0 by another register',
      [move(6, 0), one({ opcode: 0xbf, to: 1, from: 6 }), SET_RETVAL, ...ALLOW],
      'calls',
    ],
    ['with an errno', [move(1, -13), SET_RETVAL, ...ALLOW], 'never'],
    ['with an errno in 32 bits', [one({ opcode: 0xb4, to: 1, value: -13 }), SET_RETVAL, ...ALLOW], 'never'],
    [
      'with an errno that is cut to 32 bits and negated twice',
      [
        move(2, -13),
        one({ opcode: 0x67, to: 2, value: 32 }),
        one({ opcode: 0x87, to: 2 }),
        one({ opcode: 0xc7, to: 2, value: 32 }),
        one({ opcode: 0x87, to: 2 }),
        one({ opcode: 0xbf, to: 1, from: 2 }),
        SET_RETVAL,
        ...ALLOW,
      ],
      'never',
    ],
    [
      'with an errno that was compared before it was negated: if (r2 s> 4095 || r2 s<= 0) r2 = 1; r2 = -r2',
      [
        one({ opcode: 0x61, to: 2, from: 3 }),
        one({ opcode: 0x65, to: 2, offset: 1, value: 4095 }),
        one({ opcode: 0x65, to: 2, offset: 1, value: 0 }),
        move(2, 1),
        one({ opcode: 0x87, to: 2 }),
        one({ opcode: 0xbf, to: 1, from: 2 }),
        SET_RETVAL,
        ...ALLOW,
      ],
      'never',
    ],
    [
      'with a product that overflows to 0',
      [
        move(1, 1),
        one({ opcode: 0x67, to: 1, value: 52 }),
        one({ opcode: 0x27, to: 1, value: 4096 }),
        SET_RETVAL,
        ...ALLOW,
      ],
      'calls',
    ],
    [
      'with a difference of 0',
      [move(1, 5), one({ opcode: 0x17, to: 1, value: 5 }), SET_RETVAL, ...ALLOW],
      'calls',
    ],
    ['with what it was given', [SET_RETVAL, ...ALLOW], 'may'],
    ['with what is in memory', [one({ opcode: 0x61, to: 1, from: 2 }), SET_RETVAL, ...ALLOW], 'may'],
    [
      'with what is left in R1 by a call',
      [move(1, -1), one({ opcode: 0x85, value: 5 }), SET_RETVAL, ...ALLOW],
      'may',
    ],
    [
      'with 0 on one of two ways',
      [move(1, -1), one({ opcode: 0x15, to: 2, offset: 1 }), move(1, 0), SET_RETVAL, ...ALLOW],
      'may',
    ],
    [
      'with what is compared to be negative before: if (r1 s>= 0) r1 = -1',
      [
        one({ opcode: 0x61, to: 1, from: 2 }),
        one({ opcode: 0xc5, to: 1, offset: 1 }),
        move(1, -1),
        SET_RETVAL,
        ...ALLOW,
      ],
      'never',
    ],
    [
      'only if it is not 0: if (r1 == 0) return 1',
      [one({ opcode: 0x61, to: 1, from: 2 }), one({ opcode: 0x15, to: 1, offset: 1 }), SET_RETVAL, ...ALLOW],
      'may',
    ],
    [
      'never with 0, for the way is not taken',
      [move(1, -1), one({ opcode: 0x75, to: 1, offset: 1, value: 0 }), SET_RETVAL, ...ALLOW],
      'never',
    ],
    [
      'with 0, after counting up in a loop',
      [
        move(1, -9),
        one({ opcode: 0x07, to: 1, value: 1 }),
        one({ opcode: 0xc5, to: 1, offset: -2 }),
        SET_RETVAL,
        ...ALLOW,
      ],
      'calls',
    ],
    [
      'with a number that is counted up in a long loop',
      [
        move(1, -9999),
        one({ opcode: 0x07, to: 1, value: 1 }),
        one({ opcode: 0xc5, to: 1, offset: -2 }),
        SET_RETVAL,
        ...ALLOW,
      ],
      'may',
    ],
    [
      'with what an atomic operation fetches',
      [move(1, -1), one({ opcode: 0xdb, to: 2, from: 1 }), SET_RETVAL, ...ALLOW],
      'may',
    ],
    [
      'with what an atomic load fetches',
      [move(1, -1), one({ opcode: 0xdb, to: 1, from: 2 }), SET_RETVAL, ...ALLOW],
      'may',
    ],
    [
      'with an errno, where a table of jumps may lead',
      [move(1, -1), SET_RETVAL, one({ opcode: 0x0d, to: 3 })],
      'may',
    ],
    ['with 0, in a function behind it', [...ALLOW, move(1, 0), SET_RETVAL, ...ALLOW], 'calls'],
    ['perhaps, in a program that it goes on in', [one({ opcode: 0x85, value: 12 }), ...ALLOW], 'may'],
  ])('%s', (_, parts, verdict) => {
    expect(takingBackBy(program(...parts), 187)).toBe(verdict);
  });

  test('of another kind: a function of its own with the same number', () => {
    const own = one({ opcode: 0x85, from: 1, value: 187 });
    expect(takingBackBy(program(move(1, 0), own, ...ALLOW), 187)).toBe('never');
  });

  test('or is any bytes at all: it comes to an end', () => {
    // Registers there are, and small distances, so that loops are made.
    const word = fc.record({
      opcode: fc.integer({ min: 0, max: 255 }),
      to: fc.integer({ min: 0, max: 15 }),
      from: fc.integer({ min: 0, max: 15 }),
      offset: fc.integer({ min: -6, max: 6 }),
      value: fc.constantFrom(0, 1, -1, 12, 187, 2 ** 31 - 1, -(2 ** 31)),
    });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (words) => {
        expect(['never', 'calls', 'may']).toContain(takingBackBy(program(...words.map(one)), 187));
      }),
    );
  });

  test.each([
    ['cut off in the middle', program(move(1, 0), SET_RETVAL).subarray(0, 13)],
    ['jumping out of itself', program(one({ opcode: 0x05, offset: 99 }), one({ opcode: 0x05, offset: -99 }))],
    ['jumping on the spot', program(one({ opcode: 0x05, offset: -1 }))],
    ['empty', new Uint8Array(0)],
  ])('or is damaged: %s', (_, bytes) => {
    expect(takingBackBy(bytes, 187)).toBe('never');
  });
});
