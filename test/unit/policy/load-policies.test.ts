import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { definePolicy, loadPolicies, type PolicyInput } from '../../../src/policy/index.js';
import { thrown } from '../../support/thrown.js';

const directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-load-'));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const input = (name: string): PolicyInput => ({
  name,
  scope: { domain: 'kept' },
  when: { uids: [{ from: 1000, to: 2000 }] },
  mode: 'audit',
  defaults: { kernel: 'deny' },
  rules: [{ deny: ['read'], objects: [{ beneath: '/srv' }] }],
});
const written = (name: string) => JSON.stringify(input(name));
const library = new URL('../../../dist/index.js', import.meta.url).href;
const runsTypeScript = Boolean((process.features as { typescript?: unknown }).typescript);

describe('the policies of a file', () => {
  test('are those of a document of YAML', async () => {
    expect(await loadPolicies(file('one.yaml', written('one')))).toEqual([definePolicy(input('one'))]);
  });

  test('are what a module exports: policies in full, of another copy of the library, or as they are written', async () => {
    const one = file('one.mjs', `export default ${written('one')};`);
    expect(await loadPolicies(one)).toEqual([definePolicy(input('one'))]);
    const several = file(
      'several.mjs',
      `import { definePolicy } from ${JSON.stringify(library)};
       export default [definePolicy(${written('two')}), ${written('three')}];`,
    );
    const policies = await loadPolicies(several);
    expect(policies).toEqual([definePolicy(input('two')), definePolicy(input('three'))]);
    expect(policies.every(Object.isFrozen)).toBe(true);
    expect(await loadPolicies(file('none.mjs', 'export default [];'))).toEqual([]);
  });

  test('are not valid for what a module exports', async () => {
    const wrong = file('wrong.mjs', `export default [${written('one')}, { ...${written('two')}, mode: 1 }];`);
    const error = await thrown(() => loadPolicies(wrong));
    expect(error).toMatchObject({ code: 'ERR_BPF_POLICY', path: wrong });
    expect(error.message).toContain(`${wrong}: [1].mode: `);
    for (const [name, text] of [
      ['nothing.mjs', 'export const policy = 1;'],
      ['text.mjs', 'export default "name: one";'],
      ['false.mjs', 'export default { conditions: 1, rules: 2 };'],
    ] as const) {
      const path = file(name, text);
      expect(await thrown(() => loadPolicies(path))).toMatchObject({ code: 'ERR_BPF_POLICY', path });
    }
  });

  test('are not loaded from a module that fails, or is not there', async () => {
    const failing = file('failing.mjs', 'throw new Error("no policies today");');
    expect((await thrown(() => loadPolicies(failing))).message).toBe(
      `the policies of ${failing} cannot be loaded: no policies today`,
    );
    for (const name of ['absent.mjs', 'absent.yaml']) {
      const path = join(directory, name);
      expect(await thrown(() => loadPolicies(path))).toMatchObject({ reason: 'input', path });
    }
  });

  test.skipIf(runsTypeScript)('are not read from TypeScript by a Node that does not run it', async () => {
    const path = file('one.ts', `export default ${written('one')};`);
    expect(await thrown(() => loadPolicies(path))).toMatchObject({
      code: 'ERR_BPF_POLICY',
      hint: expect.stringContaining('Node 22.18'),
    });
  });

  test.runIf(runsTypeScript)('are read from TypeScript', async () => {
    const path = file('typed.ts', `const name: string = 'one'; export default { ...${written('x')}, name };`);
    expect(await loadPolicies(path)).toEqual([definePolicy(input('one'))]);
  });
});
