// Style, types, documentation and the borders between the rooms.

import { execFileSync } from 'node:child_process';
import { quietly, ROOT, say, tool } from '../say.mjs';
import { TYPES } from '../types.mjs';
import { compileSanitized, SANITIZED, tracked } from './builds.mjs';
import { tally } from './tally.mjs';

export function style() {
  const cpp = tracked('native/*.cc', 'native/*.h');
  const c = [
    ...cpp,
    ...tracked(
      'bpf/*.c',
      'bpf/*.h',
      'examples/*.c',
      'test/fixtures/*.c',
      'test/fixtures/*.h',
      'bench/*.c',
      'bench/*.h',
    ),
  ];
  return tally([
    [
      'biome: format and lint of TypeScript and JSON',
      () => quietly(tool('biome'), ['ci', '--colors=off', '--error-on-warnings', '.']),
    ],
    ['tsc: types of library and tests', () => quietly(tool('tsc'), ['-p', 'tsconfig.json'])],
    ['tsc: types of the examples', () => quietly(tool('tsc'), ['-p', 'tsconfig.examples.json', '--noEmit'])],
    ['bpf-lsm types: the types in the repository are those of the objects', typesAreCommitted],
    [
      'dependency-cruiser: which room imports which',
      () => quietly(tool('depcruise'), ['src', '--config', '.dependency-cruiser.cjs']),
    ],
    ['typedoc: every export is documented, and no link is broken', () => quietly(tool('typedoc'), [])],
    ['clang-format: C and C++', () => quietly('clang-format', ['--dry-run', '-Werror', ...c])],
    ['clang-tidy: C++', () => compileSanitized() && clangTidy(cpp.filter((file) => file.endsWith('.cc')))],
  ]);
}

/** The build has written them; what git does not know yet, or has otherwise, was forgotten. */
function typesAreCommitted() {
  const unknown = execFileSync('git', ['ls-files', '--others', '--exclude-standard', '--', ...TYPES], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (unknown !== '') say(`    not in the repository: ${unknown.trim().split('\n').join(', ')}`);
  return quietly('git', ['diff', '--exit-code', '--', ...TYPES]) && unknown === '';
}

function clangTidy(files) {
  // Two at a time; -quiet leaves nothing but findings.
  const list = files.join('\0');
  return quietly('xargs', ['-0', '-n', '3', '-P', '2', 'clang-tidy', '--quiet', '-p', SANITIZED], {
    input: list,
  });
}
