import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One archive as apt's configuration names it. */
export interface AptSource {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Path of the keyring, when the source names one. */
  readonly signedBy: string | undefined;
}

/** The archives a kernel can come from. */
export interface Archives {
  readonly main: AptSource;
  readonly security: AptSource | undefined;
}

/** Parses a deb822 `*.sources` file: stanzas of `Field: value`, continuation lines start with white space. */
export function parseSources(text: string): AptSource[] {
  const sources: AptSource[] = [];
  const plain = text.replace(/^#.*\n?/gm, '');
  for (const stanza of plain.split(/\n[ \t]*\n/)) {
    const fields = parseStanza(stanza);
    const words = (name: string): string[] => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    const enabled = !/^(no|false|off|0)$/i.test(fields.get('enabled') ?? 'yes');
    if (!enabled || !words('types').includes('deb')) continue;
    sources.push({
      uris: words('uris'),
      suites: words('suites'),
      components: words('components'),
      signedBy: keyringPath(fields.get('signed-by')),
    });
  }
  return sources;
}

function parseStanza(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of stanza.split('\n')) {
    const field = /^([A-Za-z0-9-]+):(.*)$/.exec(line);
    if (field?.[1] !== undefined) {
      last = field[1].toLowerCase();
      fields.set(last, (field[2] ?? '').trim());
    } else if (/^\s/.test(line) && last !== '') {
      fields.set(last, `${fields.get(last) ?? ''}\n${line.trim()}`);
    }
  }
  return fields;
}

/** Parses a one-line `*.list` file: `deb [option=value ...] URI suite component...`. */
export function parseList(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split('\n')) {
    const entry = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (entry === null) continue;
    const [, options = '', uri = '', suite = '', components = ''] = entry;
    sources.push({
      uris: [uri],
      suites: [suite],
      components: components.split(/\s+/).filter(Boolean),
      signedBy: keyringPath(/(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1]),
    });
  }
  return sources;
}

/** Signed-By may also hold fingerprints or a whole key: only a path is of use to another apt root. */
function keyringPath(value: string | undefined): string | undefined {
  return value?.startsWith('/') && !value.includes('\n') ? value.split(',')[0] : undefined;
}

/** Every source in an /etc/apt directory. */
export function readAptDirectory(dir: string): AptSource[] {
  const sources = [...readIf(join(dir, 'sources.list'), parseList)];
  let names: string[] = [];
  try {
    names = readdirSync(join(dir, 'sources.list.d')).sort();
  } catch {
    // no such directory: only sources.list counts
  }
  for (const name of names) {
    const path = join(dir, 'sources.list.d', name);
    if (name.endsWith('.sources')) sources.push(...readIf(path, parseSources));
    else if (name.endsWith('.list')) sources.push(...readIf(path, parseList));
  }
  return sources;
}

function readIf(path: string, parse: (text: string) => AptSource[]): AptSource[] {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch {
    return [];
  }
}

/**
 * Picks the distribution's own archive and its security archive out of all configured sources, by the suites
 * they carry: third-party archives name the codename with a prefix or not at all.
 */
export function findArchives(sources: readonly AptSource[], codename: string): Archives | undefined {
  const carries = (source: AptSource, ...suites: string[]): boolean =>
    source.components.includes('main') && source.suites.some((suite) => suites.includes(suite));
  const releases = [codename, 'stable', 'oldstable', 'testing', 'unstable', 'sid'];
  const main = sources.find((source) => carries(source, ...releases));
  if (main === undefined) return undefined;
  const security = sources.find((source) =>
    carries(source, ...releases.flatMap((release) => [`${release}-security`, `${release}/updates`])),
  );
  return { main, security };
}
