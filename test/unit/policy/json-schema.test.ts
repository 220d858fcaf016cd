import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { policyJsonSchema, validatePolicy } from '../../../src/policy/schema/index.js';
import { isValid } from '../../support/json-schema.js';
import { policyInput } from '../../support/policies.js';

describe('the JSON Schema', () => {
  const schema = policyJsonSchema();
  const judge = (value: unknown) => ({
    bySchema: isValid(schema, value),
    byZod: 'policy' in validatePolicy(value),
  });

  test('is published as it is', () => {
    const published = readFileSync(new URL('../../../dist/policy.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).toEqual(schema);
  });

  test('finds every policy valid that definePolicy does', () => {
    fc.assert(
      fc.property(policyInput, (input) => {
        // As JSON, which has no undefined.
        const written: unknown = JSON.parse(JSON.stringify(input));
        expect(judge(written)).toEqual({ bySchema: true, byZod: true });
      }),
      { numRuns: 300 },
    );
  });

  test('finds a policy with anything changed in it valid or not, as definePolicy does', () => {
    const junk = fc.oneof(
      fc.constantFrom(
        null,
        '',
        'host',
        'read',
        'connect',
        '/etc',
        '/etc/',
        '../x',
        -1,
        1.5,
        70_000,
        2 ** 32,
        true,
        [],
        {},
      ),
      fc.constantFrom(
        ['read'],
        ['read', 'read'],
        { path: '/x' },
        [{ path: '/x' }],
        [{ port: 1 }],
        '10.0.0.0/33',
        '::/129',
        '1::2::3',
      ),
      fc.string(),
    );
    let refused = 0;
    fc.assert(
      fc.property(policyInput, fc.nat(), fc.nat(), junk, (input, where, how, value) => {
        const written = JSON.parse(JSON.stringify(input)) as unknown;
        change(written, where, how, value);
        const { bySchema, byZod } = judge(written);
        if (!byZod) refused++;
        if (!byZod && isBeyondJsonSchema(written)) return;
        expect({ bySchema, written }).toEqual({ bySchema: byZod, written });
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(500);
  });
});

/** Replaces, removes or adds something somewhere. */
function change(root: unknown, where: number, how: number, value: unknown): void {
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const visit = (holder: unknown) => {
    if (typeof holder !== 'object' || holder === null) return;
    for (const key of Object.keys(holder)) {
      places.push([holder as Record<string, unknown>, key]);
      visit((holder as Record<string, unknown>)[key]);
    }
  };
  visit(root);
  const [holder, key] = places[where % places.length] ?? [];
  if (!holder || key === undefined) return;
  if (how % 3 === 0 && !Array.isArray(holder)) delete holder[key];
  else if (how % 3 === 1 && !Array.isArray(holder)) holder[`${key}x`] = value;
  else holder[key] = value;
}

/** What JSON Schema has no words for: policyJsonSchema() says so. */
function isBeyondJsonSchema(policy: unknown): boolean {
  const result = validatePolicy(policy);
  const beyond =
    /it ends before it begins|bits beyond its prefix|write the IPv4 address itself|bytes in UTF-8|surrogate/;
  return 'problems' in result && result.problems.every(({ message }) => beyond.test(message));
}
