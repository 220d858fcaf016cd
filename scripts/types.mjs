// Writes the types of the objects that examples and tests open: what `bpf-lsm types` writes.
//
//   dist/bpf/examples/*.bpf.o    ->  examples/types/*.ts
//   build/test/bpf/kinds.bpf.o   ->  test/types/objects/kinds.ts, and one with numbers for 64-bit integers, ...
//   build/test/bpf/every_map.bpf.o, marked.bpf.o
//
// The files are committed, so that they can be read without building; npm test fails when they are out of date.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ROOT } from './say.mjs';

export const TYPES = ['examples/types', 'test/types/objects'];

export async function writeTypes() {
  const { objectTypes } = await import(`${ROOT}dist/index.js`);
  for (const name of objectsIn('dist/bpf/examples')) {
    replace(`examples/types/${name}.ts`, objectTypes(`${ROOT}dist/bpf/examples/${name}.bpf.o`));
  }
  const kinds = `${ROOT}build/test/bpf/kinds.bpf.o`;
  for (const u64 of existsSync(kinds) ? ['bigint', 'number', 'auto'] : []) {
    const name = u64 === 'bigint' ? 'kinds' : `kinds_${u64}`;
    replace(
      `test/types/objects/${name}.ts`,
      objectTypes(kinds, { u64, name, from: '../../../src/index.js' }),
    );
  }
  for (const name of ['every_map', 'marked']) {
    const object = `${ROOT}build/test/bpf/${name}.bpf.o`;
    if (existsSync(object)) {
      replace(`test/types/objects/${name}.ts`, objectTypes(object, { from: '../../../src/index.js' }));
    }
  }
}

function objectsIn(folder) {
  return readdirSync(ROOT + folder)
    .filter((file) => file.endsWith('.bpf.o'))
    .map((file) => basename(file, '.bpf.o'));
}

/** Leaves a file that is right as it is, for those who build by modification times. */
function replace(file, text) {
  const path = ROOT + file;
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
