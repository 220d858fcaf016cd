// Builds the addon, the library, the schema of policies, the BPF programs, their types, the examples and the samples of
// the docs: what is out of date of them.

import { existsSync, lstatSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BuildError, buildBpf } from './build-bpf.mjs';
import { buildSamples, SampleError } from './samples.mjs';
import { giveUp, quietly, ROOT, say, tool, withNodeHeaders } from './say.mjs';
import { writeTypes } from './types.mjs';

export async function build() {
  npmPackages();
  addon();
  typescript('tsconfig.build.json');
  await policySchema();
  await bpf();
  await writeTypes();
  if (existsSync(`${ROOT}examples`)) typescript('tsconfig.examples.json');
  await samples();
}

function npmPackages() {
  const installed = `${ROOT}node_modules/.package-lock.json`;
  // npm ci empties what a link points to, which another checkout may be using.
  if (existsSync(installed) && lstatSync(`${ROOT}node_modules`).isSymbolicLink()) return;
  if (existsSync(installed) && modified(installed) >= modified(`${ROOT}package-lock.json`)) return;
  say('Installing npm packages: npm ci');
  // The addon is built below; nothing else has an install script that is needed.
  if (!quietly('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'])) {
    giveUp('npm ci failed: see above what it says; it needs access to an npm registry.');
  }
}

function addon() {
  const env = withNodeHeaders();
  const makefile = `${ROOT}build/Makefile`;
  const fresh = existsSync(makefile) && modified(makefile) >= modified(`${ROOT}binding.gyp`);
  if (!fresh) {
    say('Building the addon with node-gyp');
    if (!quietly(tool('node-gyp'), ['configure'], { env }))
      giveUp('node-gyp could not configure the addon: see above.');
  }
  if (!quietly(tool('node-gyp'), ['build', '-j', '2'], { env }))
    giveUp('The addon does not compile: see above.');
}

function typescript(project) {
  if (!quietly(tool('tsc'), ['-p', project]))
    giveUp(`The TypeScript of ${project} does not compile: see above.`);
}

/** What editors complete and check policies by; the package exports it. */
async function policySchema() {
  const { policyJsonSchema } = await import(`${ROOT}dist/policy/index.js`);
  writeFileSync(`${ROOT}dist/policy.schema.json`, `${JSON.stringify(policyJsonSchema(), null, 1)}\n`);
}

async function bpf() {
  try {
    await buildBpf();
  } catch (error) {
    if (error instanceof BuildError) giveUp(error.message);
    throw error;
  }
}

async function samples() {
  try {
    await buildSamples();
  } catch (error) {
    if (error instanceof SampleError) giveUp(error.message);
    throw error;
  }
}

function modified(path) {
  return statSync(path).mtimeMs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
