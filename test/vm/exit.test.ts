import { describe, expect, test } from 'vitest';
import { Child } from '../support/child.js';

describe('process.exit() while events stream in', () => {
  test('exits with its status, and says nothing', async () => {
    using child = new Child('exit-in-mid-stream');
    expect(await child.ended()).toEqual({ code: 7, signal: null, stdout: '', stderr: '' });
  });
});
