import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runSample } from '../support/run-sample.js';
import type { Sample } from '../support/samples.js';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-test-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

async function run(text: string, settings: Sample['settings'] = {}): Promise<void> {
  const script = join(directory, 'sample.mjs');
  writeFileSync(script, text);
  return runSample({ name: 'page.md:1', module: 'page-line-1.ts', text, script, settings });
}

describe('a sample of the docs', () => {
  test('passes when it ends with 0, and fails with all it printed otherwise', async () => {
    await run('process.exitCode = 0');
    await expect(run('console.log("one"); process.exitCode = 3')).rejects.toThrow(
      /^page.md:1 ended with 3:\none\n/,
    );
    await expect(run('throw new Error("two")')).rejects.toThrow(/ended with 1:\n[\s\S]*Error: two/);
    await expect(run('process.kill(process.pid, "SIGINT")')).rejects.toThrow(/ended with SIGINT/);
  });

  test('that runs on is interrupted when it has printed what it should, and fails if it never does', async () => {
    const waits = 'console.log("waiting"); setInterval(() => undefined, 1000);';
    const endsWith = (status: number) => `process.on('SIGINT', () => process.exit(${status})); ${waits}`;
    await run(waits, { until: 'waiting' });
    await run(endsWith(0), { until: 'waiting' });
    await run('console.log("done")', { until: 'done' });
    await expect(run(endsWith(5), { until: 'waiting' })).rejects.toThrow(/ended with 5:\nwaiting/);
    await expect(run('console.log("do")', { until: 'done' })).rejects.toThrow(
      /ended with 0 and did not print "done":\ndo\n/,
    );
  });

  test('finds the objects, and the process and the command that go on beside it', async () => {
    await run(
      `import { readdirSync, statSync } from 'node:fs';
       console.log(readdirSync('.').join(), statSync('kinds.bpf.o').isFile());
       process.kill(Number(process.argv[2]), 0);
       while (!readdirSync('${directory}').includes('made')) await new Promise((done) => setTimeout(done, 10));`,
      { objects: 'kinds', target: 'heap-exec', while: `touch ${directory}/made` },
    );
  });
});
