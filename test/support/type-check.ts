import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Compiles files as a user of the package would, strictly and against dist, and gives what the compiler says: nothing,
 * when all is well.
 *
 * @param name - of the directory below build/type-check
 * @param files - text by relative path
 */
export function typeCheck(name: string, files: Readonly<Record<string, string>>): string {
  // Below the package, whose own name then leads to dist.
  const directory = join(root, 'build/type-check', name);
  rmSync(directory, { recursive: true, force: true });
  for (const [path, text] of Object.entries({ ...files, 'tsconfig.json': JSON.stringify(TSCONFIG) })) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  const { stdout, stderr, status } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', '.'], {
    cwd: directory,
    encoding: 'utf8',
  });
  return status === 0 ? '' : stdout + stderr || `tsc ended with ${status}`;
}

const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noEmit: true,
  },
  include: ['.'],
};
