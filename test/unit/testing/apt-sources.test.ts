import { describe, expect, test } from 'vitest';
import { findArchives, parseList, parseSources } from '../../../src/testing/apt-sources.js';

const MIRROR = 'http://mirror.invalid/debian';

describe('apt sources', () => {
  test('deb822: stanzas, continuation lines, comments', () => {
    const text = [
      '# the mirror',
      'Types: deb deb-src',
      '# a comment inside',
      `URIs: ${MIRROR}`,
      'Suites: bookworm',
      '  bookworm-updates',
      'Components: main contrib',
      'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
      '',
      'Types: deb',
      'URIs: http://other.invalid/',
      'Suites: nodistro',
      'Components: main',
    ].join('\n');
    expect(parseSources(text)).toEqual([
      {
        uris: [MIRROR],
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main', 'contrib'],
        signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
      },
      { uris: ['http://other.invalid/'], suites: ['nodistro'], components: ['main'], signedBy: undefined },
    ]);
  });

  test('deb822: what is disabled or source only is left out, an inline key is no path', () => {
    const stanza = (extra: string, types = 'deb'): string =>
      `Types: ${types}\nURIs: ${MIRROR}\nSuites: sid\nComponents: main\n${extra}\n\n`;
    const text =
      stanza('Enabled: no') + stanza('', 'deb-src') + stanza('Signed-By:\n -----BEGIN PGP-----\n .');
    expect(parseSources(text).map(({ signedBy }) => signedBy)).toEqual([undefined]);
  });

  test('one-line entries', () => {
    const text = [
      `deb [arch=amd64 signed-by=/k.gpg] ${MIRROR} trixie main non-free # comment`,
      `deb ${MIRROR} trixie-updates main`,
      `# deb ${MIRROR} off main`,
      `deb-src ${MIRROR} trixie main`,
    ].join('\n');
    expect(parseList(text)).toEqual([
      { uris: [MIRROR], suites: ['trixie'], components: ['main', 'non-free'], signedBy: '/k.gpg' },
      { uris: [MIRROR], suites: ['trixie-updates'], components: ['main'], signedBy: undefined },
    ]);
  });

  test("the distribution's own archives are told from others", () => {
    const list = parseList(
      [
        'deb http://third.invalid/apt cloud-sdk-bookworm main',
        `deb ${MIRROR} bookworm main`,
        'deb http://security.invalid/debian-security bookworm-security main',
      ].join('\n'),
    );
    const archives = findArchives(list, 'bookworm');
    expect(archives?.main.uris).toEqual([MIRROR]);
    expect(archives?.security?.uris).toEqual(['http://security.invalid/debian-security']);
    expect(findArchives(list, 'trixie')).toBeUndefined();
    expect(findArchives(list.slice(0, 2), 'bookworm')?.security).toBeUndefined();
  });
});
