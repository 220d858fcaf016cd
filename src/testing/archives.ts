import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Archives, findArchives, parseList, readAptDirectory } from './apt-sources.js';
import { VmError } from './errors.js';
import { needProgram, runProgram } from './programs.js';

/**
 * The archives this machine already trusts for Debian packages: on Debian those of its own apt configuration;
 * elsewhere (or with BPF_LSM_ARCHIVES=mmdebstrap) those mmdebstrap would use for `suite`.
 */
export async function debianArchives(suite: string): Promise<Archives> {
  const os = osRelease();
  if (os.get('ID') !== 'debian' || process.env.BPF_LSM_ARCHIVES === 'mmdebstrap') {
    return mmdebstrapArchives(suite.replace(/-backports$/, ''));
  }
  const codename = os.get('VERSION_CODENAME') ?? 'sid';
  const archives = findArchives(readAptDirectory('/etc/apt'), codename);
  if (archives === undefined) {
    throw new VmError(
      'NO_KERNEL',
      `No kernel can be fetched: no apt source under /etc/apt carries ${codename} main; add one, or set BPF_LSM_ARCHIVES=mmdebstrap.`,
    );
  }
  return archives;
}

function osRelease(): Map<string, string> {
  const fields = new Map<string, string>();
  try {
    for (const line of readFileSync('/etc/os-release', 'utf8').split('\n')) {
      const field = /^(\w+)="?(.*?)"?$/.exec(line);
      if (field?.[1] !== undefined) fields.set(field[1], field[2] ?? '');
    }
  } catch {
    // no such file: not Debian
  }
  return fields;
}

/** mmdebstrap writes its sources list before it fetches anything; a failing second hook ends it there. */
async function mmdebstrapArchives(suite: string): Promise<Archives> {
  const mmdebstrap = needProgram('mmdebstrap');
  const dir = mkdtempSync(join(tmpdir(), 'bpf-lsm-'));
  try {
    const args = ['-q', '--variant=custom', '--format=null', '--setup-hook=copy-out /etc/apt/sources.list .'];
    const run = await runProgram(mmdebstrap, [...args, '--setup-hook=false', suite, '-'], { cwd: dir });
    const list = parseList(readList(join(dir, 'sources.list')));
    const archives = findArchives(list, suite);
    if (archives !== undefined) return archives;
    throw new VmError(
      'NO_KERNEL',
      `No archive is known for Debian ${suite}: mmdebstrap said "${run.stderr.trim()}".`,
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function readList(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
