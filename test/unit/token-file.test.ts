import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readOrMakeToken, readToken } from '../../src/cli/token-file.js';

const directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-token-'));
const file = join(directory, 'token');
afterAll(() => rmSync(directory, { recursive: true }));

test('a token is made once, for its owner only, and refused where others can read it', () => {
  expect(() => readToken(file)).toThrow(expect.objectContaining({ code: 'ENOENT', path: file }));
  const { token, made } = readOrMakeToken(file);
  expect([made, statSync(file).mode & 0o777, readFileSync(file, 'utf8')]).toEqual([
    true,
    0o600,
    `${token}\n`,
  ]);
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(readOrMakeToken(file)).toEqual({ token, made: false });
  expect(readToken(file)).toEqual({ token });
  expect(readToken(undefined)).toEqual({});
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(file, mode);
    expect(() => readToken(file)).toThrow(expect.objectContaining({ code: 'ERR_BPF_ARGUMENT', path: file }));
  }
});

test('a file that cannot be made is an error that names it', () => {
  const path = join(directory, 'nowhere', 'token');
  expect(() => readOrMakeToken(path)).toThrow(
    expect.objectContaining({
      name: 'BpfError',
      code: 'ENOENT',
      path,
      message: expect.stringContaining(path),
    }),
  );
});
