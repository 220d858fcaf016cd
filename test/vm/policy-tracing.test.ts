import { afterAll, describe, expect, test } from 'vitest';
import { adoptIntoDomain, applyPolicies, definePolicy, removePolicies } from '../../src/policy/index.js';
import { family } from '../support/family.js';
import type { Helper } from '../support/helper.js';

afterAll(async () => {
  await removePolicies();
});

/** Who is outside the domain is not to be traced. */
const closed = (domain: string) =>
  definePolicy({
    name: domain,
    scope: { domain },
    mode: 'enforce',
    errno: 'EPERM',
    rules: [{ deny: ['ptrace'], objects: [{ scope: 'outside' }] }],
  });

interface Case {
  /** Domains of the parent when it makes its children, and what is added then. */
  both: readonly string[];
  parent: readonly string[];
  child: readonly string[];
  other?: readonly string[];
  expected: string;
}

const CASES: Record<string, Case> = {
  'nobody is in a domain': { both: [], parent: [], child: [], expected: '0' },
  'the child is': { both: [], parent: [], child: ['a'], expected: '0' },
  'both are, and the child in a further one': { both: ['a'], parent: [], child: ['b'], expected: '0' },
  'the parent is': { both: [], parent: ['a'], child: [], expected: 'EPERM' },
  'both are, and the parent in a further one': { both: ['a'], parent: ['b'], child: [], expected: 'EPERM' },
  'both are, and each in a further one': { both: ['a'], parent: ['b'], child: ['c'], expected: 'EPERM' },
  'siblings are, each in its own': { both: [], parent: [], child: ['a'], other: ['b'], expected: 'EPERM' },
};

class Tried implements Disposable {
  readonly #parent: Helper = family();
  readonly #case: Case;
  #first = '';

  constructor(of: Case) {
    this.#case = of;
  }

  async enter(): Promise<void> {
    const { both, parent, child, other = [] } = this.#case;
    for (const domain of both) await adoptIntoDomain(domain, this.#parent.pid);
    this.#first = await this.#parent.ask('fork', 1);
    const second = await this.#parent.ask('fork', 2);
    for (const domain of parent) await adoptIntoDomain(domain, this.#parent.pid);
    for (const domain of child) await adoptIntoDomain(domain, Number(this.#first));
    for (const domain of other) await adoptIntoDomain(domain, Number(second));
  }

  /** By the parent, or by a sibling where it has a domain; and as the child asks for it, which is always by its parent. */
  async trace(): Promise<string[]> {
    if (this.#case.other) return [await this.#parent.ask(2, 'attach', this.#first)];
    return [await this.#parent.ask('attach', this.#first), await this.#parent.ask('traceme', 1)];
  }

  get expected(): string[] {
    const { other, expected } = this.#case;
    return other ? [expected] : [expected, expected];
  }

  [Symbol.dispose](): void {
    this.#parent[Symbol.dispose]();
  }
}

describe('who is in a domain traces nobody outside of it', { timeout: 120_000 }, () => {
  test('whichever of parent, child and siblings are in which', async () => {
    const tried = Object.entries(CASES).map(([name, of]) => [name, new Tried(of)] as const);
    const all = async () => {
      const said: Record<string, string[]> = {};
      for (const [name, one] of tried) said[name] = await one.trace();
      return said;
    };
    const free = Object.fromEntries(tried.map(([name, { expected }]) => [name, expected.map(() => '0')]));
    await applyPolicies([]);
    for (const [, one] of tried) await one.enter();
    expect(await all()).toEqual(free);
    await applyPolicies(['a', 'b', 'c'].map(closed));
    expect(await all()).toEqual(Object.fromEntries(tried.map(([name, { expected }]) => [name, expected])));
    await applyPolicies([]);
    expect(await all()).toEqual(free);
    for (const [, one] of tried) one[Symbol.dispose]();
  });
});
