import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { guestEnvironment } from '../../../src/testing/environment.js';
import { guestAgent } from '../../../src/testing/guest-agent.js';
import { guestInit, guestProbe } from '../../../src/testing/guest-init.js';
import { mountTables } from '../../../src/testing/initrd.js';
import { parseMountinfo, remounts } from '../../../src/testing/mounts.js';

describe("the guest's scripts", () => {
  test.each([
    ['init', guestInit],
    ['probe', guestProbe],
    ['agent', guestAgent],
  ])('%s is a shell script', (_, text) => {
    expect(spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
});

describe("the guest's mounts", () => {
  const kernel = {
    line: '7.3' as const,
    package: 'p',
    version: '1',
    release: '7.3.4-x',
    directory: '/with space/k',
  };

  test('fields with white space are escaped', () => {
    const tables = mountTables({ kernel, shares: ['out'], ownTmp: true, unowned: false });
    expect(tables['fstab.upper']).toContain(
      '/host/with\\040space/k/lib/modules/7.3.4-x /new/lib/modules/7.3.4-x none bind 0 0\n',
    );
    expect(tables['fstab.upper']).toContain('share-out /new/mnt/out virtiofs rw 0 0\n');
    expect(tables['fstab.root']).toContain('tmp /new/tmp tmpfs mode=1777 0 0\n');
    expect(tables['fstab.root']).toMatch(/^root \/new overlay lowerdir=\/host,/);
    expect(tables.unowned).toBeUndefined();
  });

  test('without power over other users there is a layer in between', () => {
    const tables = mountTables({ kernel, shares: [], ownTmp: false, unowned: true });
    expect(tables['fstab.root']).toMatch(/^root \/new overlay lowerdir=\/host\/mnt\/files,\S*,nosuid /);
    expect(tables['fstab.root']).not.toContain('/new/tmp');
    expect(tables.unowned).toBe('');
  });
});

describe("the view of the host's files", () => {
  const info = [
    '1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/vda rw',
    '2 1 8:1 / /w/root rw,relatime - ext4 /dev/vda rw',
    '3 2 8:2 / /w/root/my\\040home rw,nosuid,nodev - ext4 /dev/vdb rw',
    '4 2 0:5 / /w/root/proc rw,nosuid - proc proc rw',
    '5 4 0:6 / /w/root/proc/sys ro - proc proc rw',
    '6 1 0:7 / /w/rootless rw - tmpfs none rw',
  ].join('\n');

  test('every mount below it becomes read-only and keeps its flags, except where nothing is to be seen', () => {
    expect(remounts(parseMountinfo(info), '/w/root')).toEqual([
      { path: '/w/root', options: 'remount,bind,ro,relatime' },
      { path: '/w/root/my home', options: 'remount,bind,ro,nosuid,nodev' },
    ]);
  });
});

describe("a command's environment", () => {
  test('holds what is named and nothing else', () => {
    const env = guestEnvironment(
      { PATH: '/opt/bin:relative:/usr/bin', HOME: '/h', SECRET: 'x', CI: '1' },
      { A: 'b', CI: undefined },
    );
    expect(Object.keys(env).sort()).toEqual(['A', 'HOME', 'PATH']);
    expect(env.PATH?.split(':').slice(0, 2)).toEqual(['/opt/bin', '/usr/bin']);
    expect(env.PATH).not.toContain('relative');
  });
});
