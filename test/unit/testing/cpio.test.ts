import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { cpio, S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG } from '../../../src/testing/cpio.js';

const ENTRIES = [
  { path: 'dev', mode: S_IFDIR | 0o755 },
  { path: 'dev/console', mode: S_IFCHR | 0o600, device: [5, 1] as const },
  { path: 'init', mode: S_IFREG | 0o755, data: Buffer.from('#!/bin/sh\n') },
  { path: 'link', mode: S_IFLNK | 0o777, data: Buffer.from('init') },
];

describe('cpio', () => {
  test('headers are 110 bytes of hexadecimal digits, members end on four bytes', () => {
    const archive = cpio(ENTRIES);
    expect(archive.length % 4).toBe(0);
    expect(archive.toString('latin1', 0, 110)).toBe(
      `070701${['1', '41ed', '0', '0', '2', '0', '0', '0', '0', '0', '0', '4', '0'].map((field) => field.padStart(8, '0')).join('')}`,
    );
    expect(archive.toString('latin1', 110, 114)).toBe('dev\0');
    expect(archive.includes('TRAILER!!!')).toBe(true);
  });

  const without = spawnSync('cpio', ['--version']).error !== undefined;
  test.skipIf(without)(`cpio(1) reads it${without ? ' (skipped: there is no cpio here)' : ''}`, () => {
    const listing = execFileSync('cpio', ['-itv', '--quiet'], { input: cpio(ENTRIES), encoding: 'utf8' });
    const lines = listing.trim().split('\n');
    expect(lines.map((line) => line.split(/\s+/)[0])).toEqual([
      'drwxr-xr-x',
      'crw-------',
      '-rwxr-xr-x',
      'lrwxrwxrwx',
    ]);
    expect(lines[3]).toMatch(/link -> init$/);
    expect(
      execFileSync('cpio', ['-i', '--quiet', '--to-stdout', 'init'], { input: cpio(ENTRIES) }).toString(),
    ).toBe('#!/bin/sh\n');
  });
});
