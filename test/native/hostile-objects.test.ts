import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
// @ts-expect-error: plain JavaScript, since child processes run it too
import { mutant as mutantOf } from '../support/elf-mutator.mjs';
import { childScript, fixture } from '../support/objects.js';

const mutant = mutantOf as (elf: Uint8Array, seed: number) => { elf: Uint8Array; damage: string[] };

/** BPF_LSM_MUTANTS asks for more. Under sanitizers each takes several times as long. */
const MUTANTS = Number(process.env.BPF_LSM_MUTANTS ?? (process.env.BPF_LSM_SANITIZED ? 1000 : 4000));
const BATCH = 250;

/** Every object there is. */
const objects = ['build/test/bpf', 'dist/bpf/examples'].flatMap((folder) => {
  const directory = fileURLToPath(new URL(`../../${folder}/`, import.meta.url));
  const names = readdirSync(directory).filter((name) => name.endsWith('.bpf.o'));
  return names.sort().map((name) => directory + name);
});

interface Outcomes {
  opened: number;
  loaded: number;
  refused: Record<string, number>;
  notLoaded: Record<string, number>;
  escaped: string[];
}

/** What came of a batch, and the seed at which the process crashed, if it did. */
async function runBatch(first: number, count: number): Promise<{ outcomes?: Outcomes; crashed?: string }> {
  const child = spawn(
    process.execPath,
    [childScript('open-mutants'), String(first), String(count), ...objects],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (code === 0) return { outcomes: JSON.parse(last) as Outcomes };
  const { damage } = mutant(readFileSync(objects[Number(last) % objects.length] ?? ''), Number(last));
  return {
    crashed: `seed ${last} (${damage.join(', ')}) ended the process with ${code ?? signal}: ${stderr}`,
  };
}

describe('damaged objects', () => {
  test(`are refused or work, and never crash the process (${MUTANTS} of them)`, async () => {
    const wrong: string[] = [];
    const total = { opened: 0, loaded: 0, refused: 0 };
    for (let first = 0; first < MUTANTS; first += BATCH) {
      const { outcomes, crashed } = await runBatch(first, Math.min(BATCH, MUTANTS - first));
      wrong.push(...(outcomes?.escaped ?? [crashed ?? '']));
      total.opened += outcomes?.opened ?? 0;
      total.loaded += outcomes?.loaded ?? 0;
      for (const count of Object.values(outcomes?.refused ?? {})) total.refused += count;
    }
    expect(wrong).toEqual([]);
    // The damage is neither too much nor too little to mean something.
    expect(total.opened + total.refused).toBe(MUTANTS);
    expect(total.opened).toBeGreaterThan(MUTANTS / 10);
    expect(total.refused).toBeGreaterThan(MUTANTS / 10);
    expect(total.loaded).toBeGreaterThan(0);
  }, 600_000);

  test('are the same for the same seed', () => {
    const sound = readFileSync(fixture('kinds'));
    for (const seed of [0, 1, 77]) {
      expect(mutant(sound, seed)).toEqual(mutant(sound, seed));
      expect(mutant(sound, seed).elf).not.toEqual(mutant(sound, seed + 1).elf);
    }
  });
});
