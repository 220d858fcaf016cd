import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RingBuffer } from '../../src/index.js';
import { DIRECTORY } from '../../src/policy/engine/engine-options.js';
import { Generations, type State } from '../../src/policy/engine/generations.js';
import { KernelObjects } from '../../src/policy/engine/kernel-objects.js';
import {
  adoptIntoDomain,
  applyPolicies,
  definePolicy,
  policyStatus,
  removePolicies,
} from '../../src/policy/index.js';
import { program } from '../support/objects.js';

const ROOT = '/dev/shm/policy-stress';
const NAMES = ['one', 'other', 'both', 'none'] as const;
const [ONE, OTHER, BOTH, NONE] = NAMES.map((name) => `${ROOT}/${name}`) as [string, string, string, string];
const SWITCHES = 400;

beforeAll(() => {
  mkdirSync(ROOT);
  for (const path of [ONE, OTHER, BOTH, NONE]) writeFileSync(path, '');
});
afterAll(async () => {
  await removePolicies();
  rmSync(ROOT, { recursive: true });
});

const denying = (...paths: string[]) => [
  definePolicy({
    name: 'crowd',
    scope: { domain: 'crowd' },
    mode: 'enforce',
    rules: [{ deny: ['read'], objects: paths.map((path) => ({ path })) }],
  }),
];

/** Of each file how often it could be opened, how often not, and what else came of it; then of the children. */
type Account = [allowed: number, denied: number, other: number][];

class Crowd {
  readonly #child = spawn(program('open_crowd'), [ONE, OTHER, BOTH, NONE], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  #output = '';

  get pid(): number {
    return this.#child.pid as number;
  }

  begin(): void {
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    this.#child.stdin.write('\n');
  }

  async end(): Promise<Account> {
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    await closed;
    return this.#output
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number)) as Account;
  }
}

/** Which of the two generations in the kernel decides, changed again and again. */
async function switchBackAndForth(generations: Generations): Promise<void> {
  for (let i = 0; i < SWITCHES; i++) {
    const { active, fallback }: State = generations.state;
    generations.switchTo({ active: fallback, fallback: active, deadline_ns: 0n });
    if (i % 20 === 0) await sleep(5);
  }
}

describe('many that open files at once, on all processors and preempting each other', () => {
  test('get no wrong verdict while policies are switched, and each denial is counted and told, or counted as lost', {
    timeout: 180_000,
  }, async () => {
    await applyPolicies(denying(ONE, BOTH));
    await applyPolicies(denying(OTHER, BOTH));
    const crowd = new Crowd();
    await adoptIntoDomain('crowd', crowd.pid);
    using objects = await KernelObjects.open(DIRECTORY);
    const generations = new Generations(objects.maps);
    crowd.begin();
    await switchBackAndForth(generations);
    const [one, other, both, none, [children, refused] = []] = await crowd.end();
    // The other generation has decided of each at times; none has of both.
    for (const [allowed, denied] of [one, other] as Account) {
      expect(allowed).toBeGreaterThan(0);
      expect(denied).toBeGreaterThan(0);
    }
    expect([both?.[0], none?.[1]]).toEqual([0, 0]);
    const files = [one, other, both, none] as Account;
    expect(files.map(([, , wrong]) => wrong)).toEqual([0, 0, 0, 0]);
    expect(children).toBeGreaterThan(0);
    // Before Linux 6.2 fork(2) can fail where the storage of tasks is busy, and then only so.
    expect(refused).toBeGreaterThanOrEqual(0);

    const total = BigInt(files.reduce((sum, [, denied]) => sum + denied, 0));
    const { active, fallback } = generations.state;
    const counted = [active, fallback].map((each) => generations.denialsIn(each)[0] as bigint);
    expect((counted[0] as bigint) + (counted[1] as bigint)).toBe(total);
    expect(await policyStatus()).toMatchObject({ unjudged: 0n, lost: 0n });

    const lost = (objects.maps.decisions_dropped.get(0) ?? []).reduce((sum, each) => sum + each, 0n);
    let told = 0n;
    using ring = new RingBuffer(objects.maps.decisions);
    for (let some = ring.read(); some.length > 0; some = ring.read()) told += BigInt(some.length);
    expect(told).toBeGreaterThan(0n);
    expect(told + lost).toBe(total);
  });
});
