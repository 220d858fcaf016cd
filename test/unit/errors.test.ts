import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { assertOptions, BpfError, rephrase, usualReason } from '../../src/errors.js';

describe('a BpfError', () => {
  const error = new BpfError('cannot load', {
    code: 'EPERM',
    errno: -1,
    syscall: 'bpf(BPF_PROG_LOAD)',
    reason: 'permission',
    program: 'guard',
    hook: undefined,
    verifierLog: 'a long log',
    libbpfLog: 'another',
    hint: 'run it as root',
  });

  test('is an Error by the name of BpfError', () => {
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('BpfError');
    expect(String(error)).toBe('BpfError: cannot load; run it as root');
    expect(error.stack).toContain('errors.test.ts');
  });

  test('has its facts as properties that cannot be assigned', () => {
    expect(error).toMatchObject({ code: 'EPERM', errno: -1, program: 'guard', hint: 'run it as root' });
    expect(() => Object.assign(error, { code: 'EACCES' })).toThrow(TypeError);
  });

  test('has no properties for what is not known', () => {
    expect(Object.keys(error).sort()).toEqual(['code', 'errno', 'hint', 'program', 'reason', 'syscall']);
    expect('hook' in error).toBe(false);
    expect('cause' in error).toBe(false);
  });

  test('carries the logs without printing them', () => {
    expect(error.verifierLog).toBe('a long log');
    expect(error.libbpfLog).toBe('another');
    expect(inspect(error)).not.toContain('a long log');
    expect(JSON.stringify(error)).not.toContain('another');
  });

  test('ends its message with the hint, if there is one', () => {
    expect(new BpfError('cannot load', { code: 'EPERM' }).message).toBe('cannot load');
  });

  test('has its cause as other errors have', () => {
    const cause = new Error('underneath');
    const explained = new BpfError('cannot load', { code: 'EPERM', cause });
    expect(explained.cause).toBe(cause);
    expect(Object.keys(explained)).toEqual(['code']);
  });
});

describe('rephrase()', () => {
  const error = new BpfError('cannot open', { code: 'EINVAL', errno: -22, map: 'events', hint: 'try again' });

  test('keeps the facts, adds some, and has the old error as its cause', () => {
    const rephrased = rephrase(error, 'cannot load', { path: '/x', map: 'other' });
    expect(rephrased).toMatchObject({ code: 'EINVAL', errno: -22, map: 'other', path: '/x', cause: error });
  });

  test('keeps the hint, and says it once, also when the old message is quoted', () => {
    expect(rephrase(error, 'cannot load')).toMatchObject({
      message: 'cannot load; try again',
      hint: 'try again',
    });
    expect(rephrase(error, `guard: ${error.message}`)).toMatchObject({
      message: 'guard: cannot open; try again',
      hint: 'try again',
    });
  });

  test('has another hint, or none, when told so', () => {
    expect(rephrase(error, error.message, { hint: 'give up' })).toMatchObject({
      message: 'cannot open; give up',
      hint: 'give up',
    });
    const without = rephrase(error, error.message, { hint: undefined });
    expect(without.message).toBe('cannot open');
    expect('hint' in without).toBe(false);
  });
});

describe('assertOptions()', () => {
  test('lets objects pass', () => {
    expect(() => assertOptions({}, 'open()')).not.toThrow();
  });

  test.each([null, undefined, 5, 'text', true, 5n, Symbol('symbol')])('refuses %s', (options) => {
    expect(() => assertOptions(options, 'open()')).toThrow(
      /^the options of open\(\) must be an object, not /,
    );
  });
});

describe('usualReason()', () => {
  test.each([
    ['EPERM', 'permission'],
    ['EACCES', 'permission'],
    ['ENOTSUPP', 'kernel'],
    ['ENOSYS', 'kernel'],
    ['ENOENT', 'input'],
    ['ERR_BPF_CLOSED', 'input'],
    ['LIBBPF_ERRNO__FORMAT', 'input'],
    ['LIBBPF_ERRNO__KVERSION', 'libbpf'],
    ['EINVAL', undefined],
    ['ENOMEM', undefined],
  ])('%s: %s', (code, reason) => {
    expect(usualReason(code)).toBe(reason);
  });
});
