import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandWords, quoteWords } from '../../../src/testing/words.js';

/** What a POSIX shell makes of the quoted words, as the guest's agent does it. */
function unquote(line: string): string[] {
  const script = `nl='\n'\nIFS= read -r words\neval "set -- $words"\nfor word; do printf '%s\\0' "$word"; done`;
  const output = execFileSync('sh', ['-c', script], { input: `${line}\n`, encoding: 'utf8' });
  return output.split('\0').slice(0, -1);
}

describe('words for the guest', () => {
  test('survive a shell', () => {
    const word = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''));
    const tricky = fc.constantFrom(
      "'",
      '\n',
      '\\',
      '$(id)',
      '`',
      '"',
      ' ',
      '',
      '*',
      '!',
      "'\\''",
      '\n\n',
      '-n',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, tricky), { minLength: 1, maxLength: 5 }), (words) => {
        expect(unquote(quoteWords(words))).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });

  test('are one line', () => {
    expect(quoteWords(['a\nb', "it's"])).toBe(`'a'"$nl"'b' 'it'\\''s'`);
  });

  test('names a shell cannot export go through env', () => {
    const words = commandWords({ cwd: '/', env: { A: '1', 'B-C': '2' }, argv: ['x'] });
    expect(words).toEqual(['/', 'A=1', '--', '/run/vm/busybox', 'env', 'B-C=2', 'x']);
  });
});
