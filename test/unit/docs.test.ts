import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { samples } from '../support/samples.js';
import { typeCheck } from '../support/type-check.js';

const types = fileURLToPath(new URL('../../examples/types/', import.meta.url));

test('the samples of README and docs compile against what is built', { timeout: 120_000 }, () => {
  const modules = samples().map(({ module, text }) => [module, text] as const);
  expect(modules.map(([path]) => path).join()).toMatch(/README-line-.*docs\/data-line-/);
  const used = readdirSync(types).map((file) => [
    `examples/types/${file}`,
    readFileSync(types + file, 'utf8'),
  ]);
  expect(typeCheck('docs', Object.fromEntries([...modules, ...used]))).toBe('');
});
