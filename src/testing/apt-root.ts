import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AptSource, Archives } from './apt-sources.js';
import { VmError } from './errors.js';
import type { KernelSource } from './kernels.js';
import { cacheDirectory } from './paths.js';
import { needProgram, runProgram } from './programs.js';
import { whenProgramWrote } from './unwritable.js';

const KEYRINGS = ['debian-archive-keyring.gpg', 'debian-archive-keyring.pgp'].map((name) =>
  join('/usr/share/keyrings', name),
);

/** An apt that knows nothing of this machine's packages and changes nothing outside its own directory. */
export interface AptRoot {
  /** Fetches and verifies the package lists; rejects when an archive cannot be reached. */
  update(): Promise<void>;
  /** The fields of the newest version of a package, or undefined. */
  show(name: string): Promise<Map<string, string> | undefined>;
  /** Downloads `name=version` into `dir`, verified against the signed lists. */
  download(packages: readonly string[], dir: string): Promise<void>;
}

/** Makes (or opens) the apt root in `dir` for one suite and its security suite. */
export async function openAptRoot(
  dir: string,
  archives: Archives,
  source: KernelSource,
  arch: string,
): Promise<AptRoot> {
  const folders = ['etc/apt.conf.d', 'etc/preferences.d', 'etc/trusted.gpg.d', 'etc/sources.list.d'];
  for (const folder of [...folders, 'state/lists/partial', 'cache/archives/partial', 'log']) {
    await mkdir(join(dir, folder), { recursive: true });
  }
  await writeFile(join(dir, 'status'), '');
  await writeFile(join(dir, 'etc/sources.list.d/kernel.sources'), sourcesText(archives, source, arch));
  const config = join(dir, 'apt.conf');
  await writeFile(config, configText(dir, arch));
  return aptRoot(config, archives.main);
}

/** The deb822 text of the private sources: the package lists only, no translations, no contents. */
export function sourcesText(archives: Archives, source: KernelSource, arch: string): string {
  const stanza = (archive: AptSource, suite: string): string =>
    [
      'Types: deb',
      `URIs: ${archive.uris.join(' ')}`,
      `Suites: ${suite}`,
      'Components: main',
      `Architectures: ${arch}`,
      'Targets: Packages',
      `Signed-By: ${keyring()}`,
      '',
    ].join('\n');
  const stanzas = [stanza(archives.main, source.suite)];
  if (archives.security !== undefined && source.security !== undefined) {
    stanzas.push(stanza(archives.security, source.security));
  }
  return stanzas.join('\n');
}

/** Debian's own keyring: a host's source may be signed by a key of another release. */
function keyring(): string {
  const found = KEYRINGS.find((path) => existsSync(path));
  if (found === undefined) {
    throw new VmError('NO_KERNEL', 'No kernel can be verified: install the package debian-archive-keyring.');
  }
  return found;
}

/** Read after the host's own configuration, so that its proxy settings hold; its hooks must not run. */
function configText(dir: string, arch: string): string {
  const hooks = ['Pre-Invoke', 'Post-Invoke', 'Post-Invoke-Success', 'Post-Invoke-Stats'];
  return [
    ...hooks.map((hook) => `#clear APT::Update::${hook};`),
    '#clear APT::Architectures;',
    `APT::Architecture "${arch}";`,
    'APT::Sandbox::User "root";',
    'APT::Update::Error-Mode "any";',
    'Acquire::Languages "none";',
    'Acquire::Retries "2";',
    'Acquire::http::Timeout "20";',
    'Acquire::https::Timeout "20";',
    `Dir::Etc "${dir}/etc";`,
    'Dir::Etc::sourcelist "sources.list";',
    'Dir::Etc::sourceparts "sources.list.d";',
    'Dir::Etc::preferences "preferences";',
    'Dir::Etc::preferencesparts "preferences.d";',
    'Dir::Etc::trusted "trusted.gpg";',
    'Dir::Etc::trustedparts "trusted.gpg.d";',
    `Dir::State "${dir}/state";`,
    `Dir::State::status "${dir}/status";`,
    `Dir::Cache "${dir}/cache";`,
    `Dir::Log "${dir}/log";`,
    '',
  ].join('\n');
}

function aptRoot(config: string, main: AptSource): AptRoot {
  const apt = async (program: string, args: readonly string[], cwd?: string): Promise<string> => {
    const path = needProgram(program);
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    const run = await runProgram(
      path,
      ['-q', '-c', config, ...args],
      cwd === undefined ? { env } : { env, cwd },
    );
    if (run.code === 0) return run.stdout.toString();
    throw (
      whenProgramWrote('cache', run.stderr) ?? unreachable(`${program} ${args.join(' ')}`, main, run.stderr)
    );
  };
  return {
    update: async () => {
      await apt('apt-get', ['update']);
    },
    show: async (name) => {
      const text = await apt('apt-cache', ['show', '--no-all-versions', name]).catch(() => '');
      return text === '' ? undefined : parseRecord(text);
    },
    download: async (packages, dir) => {
      await apt('apt-get', ['download', ...packages], dir);
    },
  };
}

function unreachable(command: string, main: AptSource, said: string): VmError {
  const why = said.trim().split('\n').slice(-3).join(' ');
  const advice = `see that the archive can be reached from here (a proxy belongs in apt's configuration), or copy ${cacheDirectory()} from a machine that has the kernels`;
  return new VmError(
    'NO_KERNEL',
    `No kernel can be fetched from ${main.uris[0]}, because ${command} failed: ${advice}; it said: ${why}`,
  );
}

/** The first record of `apt-cache show`: one `Field: value` a line; continuation lines are of no interest. */
export function parseRecord(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '') break;
    const field = /^([A-Za-z0-9-]+): (.*)$/.exec(line);
    if (field?.[1] !== undefined) fields.set(field[1], field[2] ?? '');
  }
  return fields;
}
