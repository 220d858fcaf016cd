import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALL_OPERATIONS } from '../../../src/policy/model/index.js';
import { parsePolicies } from '../../../src/policy/yaml/index.js';
import { operationsPage } from '../../support/operations-page.js';

const page = readFileSync(new URL('../../../docs/policies.md', import.meta.url), 'utf8');

test('the page of operations is what the catalogue says (vitest -u writes it)', async () => {
  await expect(operationsPage()).toMatchFileSnapshot('../../../docs/operations.md');
});

test('the YAML of the page of policies is valid', () => {
  const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);
  expect(blocks.length).toBeGreaterThanOrEqual(2);
  for (const text of blocks) expect(parsePolicies(text, 'docs/policies.md')).not.toEqual([]);
});

test('the page of policies names every operation', () => {
  for (const operation of ALL_OPERATIONS) expect(page).toContain(`\`${operation}\``);
});
