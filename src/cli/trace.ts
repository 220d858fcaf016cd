import { Command, InvalidArgumentError } from 'commander';
import { describeEvent, type Trace, type TraceEvent, trace } from '../trace/index.js';
import { paint, printJsonLine } from './output.js';

interface Options {
  pid?: number;
  cgroup?: string;
  count?: number;
  full?: boolean;
  json?: boolean;
}

/** `bpf-lsm trace`: the calls of a hook, as they happen. */
export function traceCommand(): Command {
  return new Command('trace')
    .description(
      'Show the calls of an LSM hook as they happen, with their arguments decoded. It watches, and never denies.',
    )
    .argument('<hook>', 'the hook, such as file_open; bpf-lsm hooks lists them')
    .option('--pid <pid>', 'only the calls of this process', positive)
    .option('--cgroup <path>', 'only those of the processes in this cgroup, or below it')
    .option('--count <n>', 'end after so many', positive)
    .option('--full', 'give each structure whole as well')
    .option('--json', 'print each call as JSON, one a line')
    .addHelpText(
      'after',
      `
Neither this process is shown, nor what another LSM denied before BPF was asked.
Ends with Ctrl-C, and then tells on standard error how many calls were dropped, if any were.
Needs CAP_BPF and CAP_PERFMON.

Exit status: 0, or 1 when the hook cannot be traced.`,
    )
    .action(async (hook: string, { json, count, ...options }: Options) => {
      const calls = await trace(hook, options);
      const stop = () => calls.close();
      process.once('SIGINT', stop).once('SIGTERM', stop);
      await print(calls, json ? printJsonLine : printLine, count);
      process.off('SIGINT', stop).off('SIGTERM', stop);
      if (calls.dropped > 0n) process.stderr.write(`bpf-lsm: ${calls.dropped} events were dropped\n`);
    });
}

async function print(calls: Trace, printOne: (event: TraceEvent) => void, count = Infinity): Promise<void> {
  process.stderr.write(`bpf-lsm: tracing ${calls.hook}\n`);
  let printed = 0;
  for await (const event of calls) {
    printOne(event);
    if (++printed >= count) break;
  }
}

function printLine(event: TraceEvent): void {
  const seconds = (Number(event.timeNs / 1000n) / 1e6).toFixed(6);
  process.stdout.write(`${paint('dim', seconds)} ${describeEvent(event)}\n`);
}

function positive(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a positive integer.');
}
