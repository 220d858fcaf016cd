/** A global setup of vitest: refuses to test anything but what is in src at present. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What tsc remembers of its last run: names from dist on, and the hash of each text. */
interface BuildInfo {
  readonly fileNames: readonly string[];
  readonly fileInfos: readonly (string | { readonly version: string })[];
}

export default function assertBuilt(): void {
  const { fileNames, fileInfos } = JSON.parse(readFileSync(`${ROOT}dist/.tsbuildinfo`, 'utf8')) as BuildInfo;
  const built = new Map(fileNames.map((name, index) => [name.replace(/^\.\.\//, ''), fileInfos[index]]));
  const stale = sources().filter((path) => {
    const info = built.get(path);
    return (typeof info === 'object' ? info.version : info) !== hashOf(path);
  });
  if (stale.length > 0)
    throw new Error(`${stale[0]} has changed since dist was built, which is tested: npm run build.`);
}

function sources(): string[] {
  return readdirSync(`${ROOT}src`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `src/${path}`);
}

function hashOf(path: string): string {
  return createHash('sha256')
    .update(readFileSync(`${ROOT}${path}`, 'utf8'))
    .digest('hex');
}
