// Makes the ```ts blocks of README.md and docs/*.md ready to be compiled and run by the tests.
//
//   README.md, docs/*.md   ->  build/docs-samples/<page>-line-<n>.js   what Node runs: types taken out, nothing checked
//                              build/docs-samples/index.json           every block with its page, line, text, settings
//
// A block is a complete module. It is run as root in a guest, as a process of its own, in a directory that holds the
// objects of bpf/examples, and has to end by itself with status 0. An HTML comment directly above it says otherwise:
//
//   <!-- sample: key=value; key=value -->
//
//   kernel=6.12        the oldest kernel it runs on
//   until=TEXT         it runs on: it is interrupted once it has printed TEXT
//   while=/bin/true    this command is run again and again meanwhile
//   target=heap-exec   a process asks for this mprotect(2) again and again; the block's argument is its pid
//   objects=a,b        objects of test/fixtures/bpf that are in the directory as well
//   on=host            it runs on the machine itself: the VM kit

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './say.mjs';

const KEYS = ['kernel', 'until', 'while', 'target', 'objects', 'on'];
const OUTPUT = 'build/docs-samples/';
const INDEX = `${ROOT}${OUTPUT}index.json`;

/** Something that a page's writer has to put right. */
export class SampleError extends Error {
  name = 'SampleError';
}

export async function buildSamples() {
  const pages = ['README.md', ...filesIn('docs', '.md')];
  const inputs = [fileURLToPath(import.meta.url), ...pages.map((page) => ROOT + page)];
  const stamp = createHash('sha256');
  for (const path of inputs) stamp.update(path).update(readFileSync(path));
  const digest = stamp.digest('hex');
  if (existsSync(INDEX) && JSON.parse(readFileSync(INDEX, 'utf8')).digest === digest) return;

  const samples = pages.flatMap(samplesOf);
  rmSync(ROOT + OUTPUT, { recursive: true, force: true });
  const { default: typescript } = await import('typescript');
  for (const { script, text } of samples) {
    mkdirSync(dirname(ROOT + script), { recursive: true });
    writeFileSync(ROOT + script, withoutTypes(typescript, text));
  }
  const hashes = Object.fromEntries(pages.map((page) => [page, hash(readFileSync(ROOT + page))]));
  mkdirSync(ROOT + OUTPUT, { recursive: true });
  writeFileSync(INDEX, JSON.stringify({ digest, pages: hashes, samples }, null, 1));
}

/** The blocks of a page, each as a module whose line numbers are the page's. */
function samplesOf(page) {
  const text = readFileSync(ROOT + page, 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ index, 1: code }) => {
    const before = text.slice(0, index);
    const line = before.split('\n').length;
    const module = `${page.replace(/\.md$/, '')}-line-${line}`;
    return {
      name: `${page}:${line}`,
      module: `${module}.ts`,
      script: `${OUTPUT}${module}.js`,
      text: `${'\n'.repeat(line)}${code}\nexport {};\n`,
      settings: settingsOf(before, `${page}:${line}`),
    };
  });
}

function settingsOf(before, place) {
  const [, comment] = /(?:^|\n)<!-- *sample: *([^\n]*?) *-->\n$/.exec(before) ?? [];
  if (comment === undefined) return {};
  const settings = comment.split(/; */).map((setting) => {
    const [, key, value] = /^([a-z]+)=(.+)$/.exec(setting) ?? [];
    if (!KEYS.includes(key)) throw new SampleError(`${place}: "${setting}" is none of ${KEYS.join('=, ')}=`);
    return [key, value];
  });
  return Object.fromEntries(settings);
}

function withoutTypes(typescript, text) {
  const { ModuleKind, ScriptTarget } = typescript;
  const compilerOptions = {
    module: ModuleKind.ESNext,
    target: ScriptTarget.ES2022,
    verbatimModuleSyntax: true,
  };
  return typescript.transpileModule(text, { compilerOptions }).outputText;
}

function filesIn(directory, ending) {
  return readdirSync(ROOT + directory)
    .filter((file) => file.endsWith(ending))
    .sort()
    .map((file) => `${directory}/${file}`);
}

function hash(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
