// What policies cost a call, in a guest that counts instructions; beside them Landlock and AppArmor with as many rules.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  applyPolicies,
  definePolicy,
  kernelFacts,
  plan,
  removePolicies,
  runInDomain,
} from '../dist/index.js';
import { giveUp } from '../scripts/say.mjs';
import { CALLS } from './build.mjs';

const ROOT = '/bpf-lsm-bench';
const RULES_IN = `${ROOT}/rules`;
const DEEP = `${ROOT}/a/b/c/d/e/f/g`;
const DOMAIN = 'bench';

const RULES = [1, 100, 10_000];
const POLICIES = 64;
const RULES_OF_OTHERS = [1, 100];
const CALLS_A_ROUND = 200;
const WARM_UP_ROUNDS = 3;
/** Meanwhile workers of the kernel free what was in force before, which would come on top. */
const SETTLING_MS = 5000;

/** Those that a fork or an exec makes are expensive: fewer of them tell as much. */
const MEASURED = [
  { call: 'open', path: `${ROOT}/file`, names: 2 },
  { call: 'open', path: `${DEEP}/file`, names: 9 },
  { call: 'stat', path: `${ROOT}/file`, names: 2 },
  { call: 'mmap', path: `${ROOT}/file`, names: 2 },
  { call: 'exec', path: `${ROOT}/true`, names: 2, share: 0.05 },
  { call: 'fork', path: '-', share: 0.05 },
  { call: 'connect', path: '-' },
  { call: 'send', path: '-' },
];

/** @param {{ name: string, group: string }} one */
export async function measurePolicies(one, { rounds, size }) {
  makeFiles(Math.max(...RULES));
  const settings = { rounds, size };
  const operations = await carried();
  const columns = [];
  try {
    // The first time fills caches that stay.
    await costs(settings, start);
    columns.push({ what: 'none', instructions: await costs(settings, start) });
    await removePolicies();
    for (const rules of RULES) {
      await applyPolicies([policy('policy', rules, operations)]);
      if (rules === 1) columns.push({ what: 'out of scope', instructions: await costs(settings, start) });
      columns.push({ what: `${rules} rules`, instructions: await costs(settings, startInDomain) });
    }
    await applyPolicies(Array.from({ length: POLICIES }, (_, i) => policy(`policy-${i}`, 1, operations)));
    columns.push({ what: `${POLICIES} policies`, instructions: await costs(settings, startInDomain) });
  } finally {
    await removePolicies();
  }
  for (const rules of RULES_OF_OTHERS) {
    columns.push({ what: `Landlock, ${rules}`, instructions: await costs(settings, startInLandlock(rules)) });
  }
  if (hasAppArmor()) {
    for (const rules of RULES_OF_OTHERS) {
      columns.push({
        what: `AppArmor, ${rules}`,
        instructions: await costs(settings, startInAppArmor(rules)),
      });
    }
  }
  const rows = MEASURED.map(({ call, names }, row) => ({
    call: names ? `${call}, ${names} names` : call,
    cells: columns.map(({ instructions }) => instructions[row]),
  }));
  return { name: one.name, group: one.group, columns: columns.map(({ what }) => what), rows };
}

function makeFiles(rules) {
  mkdirSync(ROOT);
  // A file system by itself: an overlay asks about each file twice.
  if (spawnSync('mount', ['-t', 'tmpfs', 'bench', ROOT]).status !== 0)
    giveUp(`No tmpfs could be mounted on ${ROOT}.`);
  chmodSync(ROOT, 0o755);
  for (const directory of [RULES_IN, DEEP]) mkdirSync(directory, { recursive: true });
  for (let i = 0; i < rules; i++) writeFileSync(`${RULES_IN}/${i}`, '');
  for (const directory of [ROOT, DEEP]) writeFileSync(`${directory}/file`, 'x'.repeat(4096));
  copyFileSync('/bin/true', `${ROOT}/true`);
}

/** Of the operations that are measured, those that this kernel can deny. */
async function carried() {
  const facts = await kernelFacts();
  const can = (operation) =>
    plan([definePolicy({ name: 'a', scope: 'host', mode: 'enforce', rules: [{ deny: [operation] }] })], facts)
      .enforceable;
  return {
    files: ['read', 'exec', 'map-exec'].filter(can),
    addresses: ['connect', 'send'].filter(can),
  };
}

/** Denies what nobody does here: so that every call is judged to the end. */
function policy(name, rules, { files, addresses }) {
  const numbers = Array.from({ length: rules }, (_, i) => i);
  return definePolicy({
    name,
    scope: { domain: DOMAIN },
    mode: 'enforce',
    rules: [
      { deny: files, objects: numbers.map((i) => ({ path: `${RULES_IN}/${i}` })) },
      ...(addresses.length > 0
        ? [{ deny: addresses, objects: numbers.map((i) => ({ address: `10.1.${i >> 8}.${i & 255}` })) }]
        : []),
    ],
  });
}

const IN_AND_OUT = { stdio: ['pipe', 'pipe', 'inherit'] };

const start = () => new Caller(spawn(CALLS, IN_AND_OUT));
const startInDomain = async () => new Caller(await runInDomain(DOMAIN, [CALLS], { spawn: IN_AND_OUT }));
const startInLandlock = (rules) => async () => {
  const caller = start();
  await caller.ask('landlock', rules, RULES_IN);
  return caller;
};
const startInAppArmor = (rules) => async () => {
  loadProfile(rules);
  const caller = start();
  await caller.ask('apparmor', 1, 'bpf-lsm-bench');
  return caller;
};

function hasAppArmor() {
  return existsSync('/sys/kernel/security/apparmor') && existsSync('/usr/sbin/apparmor_parser');
}

function loadProfile(rules) {
  const denied = Array.from({ length: rules }, (_, i) => `  deny ${RULES_IN}/${i} rwx,`).join('\n');
  const text = `profile bpf-lsm-bench {\n  /** rwmix,\n  / r,\n  network,\n  capability,\n  signal,\n${denied}\n}\n`;
  const { status, stderr } = spawnSync('/usr/sbin/apparmor_parser', ['--replace', '--skip-cache'], {
    input: text,
    encoding: 'utf8',
  });
  if (status !== 0) giveUp(`AppArmor took no profile: ${stderr}`);
}

/** The program that makes calls. */
class Caller {
  #child;
  #lines;

  constructor(child) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
  }

  async ask(call, count, path) {
    const answer = once(this.#lines, 'line');
    this.#child.stdin.write(`${call} ${count} ${path}\n`);
    const gone = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`${CALLS} ended with ${code} at ${call}`);
    });
    const [line] = await Promise.race([answer, gone]);
    gone.catch(() => {});
    return Number(line);
  }

  async end() {
    const exited = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exited;
  }
}

/** Instructions of each call. */
async function costs({ rounds, size }, begin) {
  const caller = await begin();
  await sleep(SETTLING_MS);
  const instructions = [];
  for (const { call, path, share = 1 } of MEASURED) {
    const count = Math.max(1, Math.round(CALLS_A_ROUND * share * size));
    const rounded = [];
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      const took = await caller.ask(call, count, path);
      if (round >= 0) rounded.push(took / count);
    }
    // An interrupt comes on top, and nothing makes a call cheaper than it is.
    instructions.push(Math.min(...rounded));
  }
  await caller.end();
  return instructions;
}
