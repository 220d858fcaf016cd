import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { splitSetting, valueFromText } from '../../src/cli/global-values.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function load(...args: string[]) {
  return spawnSync(process.execPath, [CLI, 'load', ...args], { encoding: 'utf8' });
}

// What it attaches is tested in guests; all of these end before that.
describe('bpf-lsm load refuses, in one line', () => {
  test.each<[what: string, args: string[], message: RegExp]>([
    ['a file that is not there', ['no-such.bpf.o'], /ENOENT.*no-such\.bpf\.o/],
    [
      'a setting without a value',
      [fixture('kinds'), '--set', 'batch'],
      /--set wants name=value, not "batch"/,
    ],
    [
      'a variable it does not have',
      [fixture('producer'), '--set', 'btach=1'],
      /has no global "btach": it has /,
    ],
    ['a value of another type', [fixture('producer'), '--set', 'batch=many'], /batch/],
    ['a value that does not fit', [fixture('producer'), '--set', 'batch=0x100000000'], /batch/],
  ])('%s', (_what, args, message) => {
    const { status, stdout, stderr } = load(...args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^bpf-lsm: .*\n$/);
    expect(stderr).toMatch(message);
  });

  test('and helps', () => {
    expect(load('--help').stdout).toMatch(/--set <name=value>[\s\S]*Exit status: 0/);
  });
});

describe('the text of a value', () => {
  test('is split at the first equals sign', () => {
    expect(splitSetting('path=a=b')).toEqual({ name: 'path', value: 'a=b' });
    expect(splitSetting('empty=')).toEqual({ name: 'empty', value: '' });
    expect(() => splitSetting('=1')).toThrow(/name=value/);
  });

  test.each<[text: string, now: unknown, value: unknown]>([
    ['4711', 0, 4711],
    ['-1', 0, -1],
    ['0x10', 0, 16],
    ['18446744073709551615', 0n, 18446744073709551615n],
    ['-0x10', 0n, -16n],
    ['1.5', 0, 1.5],
    ['MODE_ENFORCE', 7, 'MODE_ENFORCE'],
    ['MODE_ENFORCE', 'MODE_AUDIT', 'MODE_ENFORCE'],
    ['12', 'a name', '12'],
    ['true', false, true],
    ['0', true, false],
    ['perhaps', true, 'perhaps'],
    ['[1, 2]', [0, 0], [1, 2]],
    ['{"x": 1}', { x: 0 }, { x: 1 }],
    ['[1, 2]', new Uint8Array(2), [1, 2]],
  ])('%s where there is %o', (text, now, value) => {
    expect(valueFromText('global', text, now)).toEqual(value);
  });

  test('is JSON for structs, or an error that says so', async () => {
    expect(await thrown(() => valueFromText('limits', '1, 2', [0]))).toMatchObject({
      code: 'ERR_BPF_ARGUMENT',
      message: expect.stringMatching(/"limits" is not JSON: 1, 2; structs and arrays/),
    });
  });
});
