import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fixture } from './objects.js';
import type { Sample } from './samples.js';
import { Target } from './target.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A sample that has not come to its end by then never will (ms). */
const PATIENCE = 45_000;

/** Between two rounds of what goes on beside a sample (ms). */
const PAUSE = 100;

/** Runs a sample; an error with all that it printed unless it went as it should. */
export async function runSample({ name, script, settings }: Sample): Promise<void> {
  const directory = directoryFor(settings.objects);
  using target = settings.target === undefined ? undefined : new Target();
  const child = spawn(process.execPath, [script, ...(target ? [String(target.pid)] : [])], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const state = { going: true };
  const beside = goOnBeside(settings, target, state);
  try {
    const wrong = await outcomeOf(child, settings.until);
    if (wrong !== undefined) throw new Error(`${name} ${wrong}`);
  } finally {
    state.going = false;
    child.kill('SIGKILL');
    await beside;
    rmSync(directory, { recursive: true });
  }
}

/** A directory with the objects; not below /tmp, of which guests have one of their own. */
function directoryFor(fixtures = ''): string {
  const parent = `${root}build/docs-samples/run`;
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(`${parent}/`);
  const examples = readdirSync(`${root}dist/bpf/examples`).map((file) => `${root}dist/bpf/examples/${file}`);
  const objects = [...examples, ...fixtures.split(',').filter(Boolean).map(fixture)];
  for (const object of objects.filter((file) => file.endsWith('.bpf.o'))) {
    symlinkSync(object, join(directory, basename(object)));
  }
  return directory;
}

async function goOnBeside(
  { while: command, target: request }: Sample['settings'],
  target: Target | undefined,
  state: { going: boolean },
): Promise<void> {
  const [program, ...args] = command?.split(' ') ?? [];
  while (state.going && (program !== undefined || target !== undefined)) {
    if (program !== undefined) spawnSync(program, args);
    if (request !== undefined) await target?.ask(request);
    await sleep(PAUSE);
  }
}

/** What went wrong, with what was printed; undefined when nothing did. */
async function outcomeOf(child: ChildProcess, until: string | undefined): Promise<string | undefined> {
  let output = '';
  let met = until === undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (met || !output.includes(until ?? '')) return;
      met = true;
      child.kill('SIGINT');
    });
  }
  const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(late);
  const interrupted = signal === 'SIGINT' || code === 128 + constants.signals.SIGINT;
  if (met && (code === 0 || (until !== undefined && interrupted))) return undefined;
  const how =
    signal === 'SIGKILL' ? `did not end within ${PATIENCE / 1000} s` : `ended with ${code ?? signal}`;
  return `${how}${met ? '' : ` and did not print "${until}"`}:\n${output}`;
}
