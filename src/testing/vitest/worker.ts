/**
 * Runs one test file in the guest, started by the pool. Descriptor 3 is the way to vitest: a virtio serial port,
 * which is a character device, so it is read through the thread pool and written synchronously.
 */
import { read, writeSync } from 'node:fs';
import { init, runBaseTests, setupEnvironment } from 'vitest/worker';
import { encodeFrame, FrameReader } from './frames.js';

const CHANNEL = 3;

/** Tests may replace these. */
const exit = process.exit.bind(process);

type Listener = (message: unknown) => void;
const listeners = new Set<Listener>();

const reader = new FrameReader(
  (message) => {
    for (const listener of listeners) listener(message);
  },
  () => exit(0),
);

function lost(why: string): never {
  process.stderr.write(`The way from the guest to vitest is lost: ${why}.\n`);
  return exit(1);
}

function receive(): void {
  read(CHANNEL, Buffer.allocUnsafe(65_536), 0, 65_536, null, (error, length, buffer) => {
    if (error !== null && error.code !== 'EINTR') lost(error.message);
    if (error === null && length === 0) lost('the host closed it');
    reader.push(buffer.subarray(0, length));
    receive();
  });
}

/** A port takes 32 KiB at a time. */
function post(message: unknown): void {
  const frame = encodeFrame(message);
  for (let sent = 0; sent < frame.length; ) sent += writeSync(CHANNEL, frame, sent);
}

async function execute(method: 'run' | 'collect', ...args: RunArguments): Promise<void> {
  try {
    await runBaseTests(method, ...args);
  } finally {
    process.exit = exit;
  }
}

type RunArguments = Parameters<typeof runBaseTests> extends [unknown, ...infer Rest] ? Rest : never;

init({
  post,
  on: (listener) => listeners.add(listener),
  off: (listener) => listeners.delete(listener),
  runTests: (...args) => execute('run', ...args),
  collectTests: (...args) => execute('collect', ...args),
  setup: setupEnvironment,
});
receive();
