#!/usr/bin/env node
// Runs a command as root in a guest with a chosen kernel: npm run vm -- --kernel 6.12 -- COMMAND...
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const KIT = new URL('../dist/testing/index.js', import.meta.url);
if (!existsSync(KIT)) {
  const { setUp } = await import('./setup.mjs');
  await setUp({ guests: ['7.3'] });
}
const { describeKernel, kernelLines, Vm, VmError } = await import(KIT.href);

const HELP = `Usage: npm run vm -- [options] -- COMMAND [ARGUMENT...]

Boots a guest, runs COMMAND in it as root, in this directory, and ends with its exit status.
The guest sees this machine's files; what it writes is gone when it ends.

  --kernel LINE        ${kernelLines.join(', ')} (default 7.3)
  --memory MIB         memory (default 2048)
  --cpus N             processors (default 2 with KVM, 1 in emulation)
  --lsm LIST           the LSMs, in order, instead of Debian's list with bpf
  --append WORDS       more words for the kernel command line
  --icount             count instructions: guest time is one nanosecond per instruction
  --timeout SECONDS    end COMMAND after this time
  --share NAME=DIR     a directory the guest may write to, as /mnt/NAME; may be repeated
  --console            show the guest's console on standard error
  --list               list the kernel lines and end
  --help               show this text and end`;

const OPTIONS = {
  kernel: { type: 'string' },
  memory: { type: 'string' },
  cpus: { type: 'string' },
  lsm: { type: 'string' },
  append: { type: 'string' },
  icount: { type: 'boolean' },
  timeout: { type: 'string' },
  share: { type: 'string', multiple: true },
  console: { type: 'boolean' },
  list: { type: 'boolean' },
  help: { type: 'boolean' },
};

const say = (text) => process.stderr.write(`vm: ${text}\n`);

function number(name, text) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new TypeError(`--${name} needs a number above 0, not "${text}"`);
  return value;
}

function shares(list = []) {
  return Object.fromEntries(
    list.map((item) => {
      const at = item.indexOf('=');
      if (at < 1) throw new TypeError(`--share needs NAME=DIR, not "${item}"`);
      return [item.slice(0, at), resolve(item.slice(at + 1))];
    }),
  );
}

function read() {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (!values.help && !values.list && positionals.length === 0) throw new TypeError('no command given');
  const boot = {
    kernel: values.kernel,
    memory: number('memory', values.memory),
    cpus: number('cpus', values.cpus),
    lsm: values.lsm,
    append: values.append,
    icount: values.icount,
    shares: shares(values.share),
    onNote: say,
    onConsole: values.console ? (line) => process.stderr.write(`${line}\n`) : undefined,
  };
  const timeout = number('timeout', values.timeout);
  return { values, command: positionals, boot, timeout: timeout === undefined ? undefined : timeout * 1000 };
}

/** How long a command may take to end after a signal (ms). */
const PATIENCE = 10_000;

/** The first signal goes to the command; a second one, or the command's not ending, ends the guest. */
function forwardSignals(vm, child) {
  let asked = false;
  const forward = (signal) => {
    if (asked) void vm.close();
    asked = true;
    child.kill(signal);
    setTimeout(() => void vm.close(), PATIENCE).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
}

async function run({ command, boot, timeout }) {
  const vm = await Vm.boot(boot);
  try {
    say(
      `${describeKernel(vm.kernel)}, ${vm.accel === 'kvm' ? 'KVM' : boot.icount ? 'emulated, counting instructions' : 'emulated'}`,
    );
    const child = await vm.spawn(command, { stdin: !process.stdin.isTTY });
    forwardSignals(vm, child);
    if (child.stdin !== undefined) process.stdin.pipe(child.stdin);
    child.stdout.pipe(process.stdout);
    child.stderr.pipe(process.stderr);
    const timer = timeout === undefined ? undefined : setTimeout(() => expire(vm, child, timeout), timeout);
    const { code, signal } = await child.exited;
    clearTimeout(timer);
    return signal === null ? code : 128 + constants.signals[signal];
  } finally {
    await vm.close();
  }
}

function expire(vm, child, timeout) {
  say(`the time limit of ${timeout / 1000} s is over`);
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), 2000).unref();
  setTimeout(() => void vm.close(), 5000).unref();
}

async function main() {
  let parsed;
  try {
    parsed = read();
  } catch (error) {
    say(error.message);
    process.stderr.write(`\n${HELP}\n`);
    return 2;
  }
  if (parsed.values.help) process.stdout.write(`${HELP}\n`);
  else if (parsed.values.list) process.stdout.write(`${kernelLines.join('\n')}\n`);
  else {
    try {
      return await run(parsed);
    } catch (error) {
      if (!(error instanceof VmError)) throw error;
      say(error.message);
      return error.code === 'BAD_OPTION' ? 2 : 125;
    }
  }
  return 0;
}

process.exitCode = await main();
// Standard input may still be open; nothing is read from it any more.
process.stdin.destroy();
