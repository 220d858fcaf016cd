import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { typeCheck } from '../support/type-check.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

function filesIn(directory: string, ending: string): string[] {
  return readdirSync(root + directory)
    .filter((file) => file.endsWith(ending))
    .map((file) => `${directory}/${file}`);
}

/** The ```ts blocks of a page, each as a module beside it whose line numbers are those of the page. */
function samplesOf(page: string): [path: string, text: string][] {
  const text = readFileSync(root + page, 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ index, 1: code = '' }) => {
    const line = text.slice(0, index).split('\n').length;
    return [`${page.replace(/\.md$/, '')}-line-${line}.ts`, `${'\n'.repeat(line)}${code}\nexport {};\n`];
  });
}

test('the samples of README and docs compile against what is built', { timeout: 120_000 }, () => {
  const samples = ['README.md', ...filesIn('docs', '.md')].flatMap(samplesOf);
  expect(samples.map(([path]) => path).join()).toMatch(/README-line-.*docs\/data-line-/);
  const types = filesIn('examples/types', '.ts').map((file) => [file, readFileSync(root + file, 'utf8')]);
  expect(typeCheck('docs', Object.fromEntries([...samples, ...types]))).toBe('');
});
