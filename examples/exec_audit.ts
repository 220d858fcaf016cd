// Prints every program that starts, with its arguments, and the value of one variable of its environment.
//
//   needs root:  node build/examples/exec_audit.js [--watch NAME] [--arguments]

import { parseArgs } from 'node:util';
import { BpfObject, RingBuffer } from 'bpf-lsm';
import { ExecChunks, type ExecStrings } from './exec_strings.js';
import type { Exec, ExecAudit } from './types/exec_audit.js';

export const OBJECT: URL = new URL('../../dist/bpf/examples/exec_audit.bpf.o', import.meta.url);

async function main(watch: string, oneLineEach: boolean): Promise<void> {
  const open = BpfObject.open<ExecAudit>(OBJECT);
  open.globals.watched_name = watch;
  using audit = await open.load();
  using execs = new RingBuffer(audit.maps.execs, { dropped: audit.maps.execs_dropped });
  using strings = new RingBuffer(audit.maps.strings, { dropped: audit.maps.strings_dropped });
  using link = audit.programs.report_exec.attach();
  console.log(`link ${link.id} reports every program that starts; Ctrl-C ends it`);

  const chunks = new ExecChunks();
  for await (const exec of execs) {
    // An exec comes after its chunks: they are all there.
    for (let some = strings.read(); some.length > 0; some = strings.read()) some.forEach(chunks.add, chunks);
    const start = chunks.take(exec);
    if (oneLineEach) start.args.forEach((arg, i) => void console.log(`${exec.pid} [${i}] ${arg}`));
    else console.log(describe(exec, start));
    if (watch !== '') console.log(`  ${describeWatched(watch, exec, start)}`);
  }
}

function describe({ pid, ppid, uid, filename, interp }: Exec, { args, env, cut }: ExecStrings): string {
  const by = interp === filename ? '' : ` by ${interp}`;
  const more = cut ? ', and more' : '';
  return `${filename}${by} as ${pid}, child of ${ppid}, uid ${uid}: ${JSON.stringify(args)}, ${env.length} variables${more}`;
}

function describeWatched(name: string, exec: Exec, { watched, watchedCut }: ExecStrings): string {
  if (watched === undefined) return exec.watched_unknown ? `${name}: cannot be told` : `${name} is not set`;
  const rest = watchedCut ? ` and ${exec.watched_size - exec.watched_sent} bytes more` : '';
  const warning = exec.watched_count > 1 ? `; warning: it is set ${exec.watched_count} times` : '';
  return `${name} is ${JSON.stringify(watched)}${rest}${warning}`;
}

if (process.argv[1]?.endsWith('exec_audit.js')) {
  const { values } = parseArgs({
    options: { watch: { type: 'string', default: '' }, arguments: { type: 'boolean', default: false } },
  });
  await main(values.watch, values.arguments);
}
