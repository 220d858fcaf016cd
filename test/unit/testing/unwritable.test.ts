import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { cacheDirectory } from '../../../src/testing/paths.js';
import { whenProgramWrote, whenWriting } from '../../../src/testing/unwritable.js';

const systemError = (code: string) => Object.assign(new Error(code), { code });

describe('a directory that guests need and that cannot be written', () => {
  test('full: the sentence names it, and says how much is needed and what names another', () => {
    const full = systemError('ENOSPC');
    expect(whenWriting('cache', full)).toMatchObject({
      code: 'UNWRITABLE',
      message: `A guest needs ${cacheDirectory()}, but no space is left there: make room (a kernel takes 300 MB while it is fetched), or set BPF_LSM_CACHE to another directory.`,
      cause: full,
    });
  });

  test.each(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'])('%s: room would be of no help', (code) => {
    const error = whenWriting('temporary', systemError(code));
    expect(error).toMatchObject({ code: 'UNWRITABLE' });
    expect((error as Error).message).toMatch(/: set TMPDIR to another directory\.$/);
    expect((error as Error).message).toContain(tmpdir());
  });

  test('other errors stay as they are', () => {
    for (const error of [systemError('EIO'), systemError('NO_KERNEL'), new Error('x'), undefined, 'thrown']) {
      expect(whenWriting('cache', error)).toBe(error);
    }
  });

  test.each([
    'tar: ./boot/config: Cannot write: No space left on device\ntar: Exiting with failure status',
    "E: You don't have enough free space in /c/archives/.",
    'E: Failed to fetch http://a/Packages  Error writing to file - write (28: No space left on device)',
  ])('told by a program: %s', (printed) => {
    expect(whenProgramWrote('cache', printed)).toMatchObject({ code: 'UNWRITABLE' });
  });

  test('a program that fails otherwise', () => {
    expect(whenProgramWrote('cache', 'E: Could not connect')).toBeUndefined();
  });
});
