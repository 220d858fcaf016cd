// How late the event loop is while another process keeps a ring full.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { RingBuffer } from '../../dist/index.js';
import { benchObject } from './object.mjs';

const [, , objectPath, producerCommand] = process.argv;

/** What is done with the records meanwhile. */
const CONSUMERS = {
  nothing: undefined,
  decoded: async (ring, signal) => {
    let last;
    for await (const batch of ring.batches({ signal })) for (const event of batch) last = event;
    return last;
  },
  'on-batch': (ring, signal) => {
    let last;
    ring.onBatch(
      (batch) => {
        for (const event of batch) last = event;
      },
      { signal },
    );
    return Promise.resolve(last);
  },
  events: async (ring, signal) => {
    let last;
    for await (const event of ring.events({ signal })) last = event;
    return last;
  },
};

/**
 * Reads as fast as it can for `milliseconds`, beside a timer of 1 ms.
 *
 * @returns the records delivered and dropped, and the delay's percentiles in microseconds
 */
export async function eventLoop(watch, way, milliseconds) {
  const object = await benchObject();
  const ring = new RingBuffer(object.maps.named_ring, { dropped: object.maps.named_ring_dropped });
  const droppedBefore = ring.stats().dropped;
  const producer = startProducer(object.programs.fill_named.info().id, milliseconds);
  const consumer = new AbortController();
  const consumed = CONSUMERS[way]?.(ring, consumer.signal).catch((error) => {
    if (error.name !== 'AbortError') throw error;
  });
  let timers = 0;
  const timer = setInterval(() => timers++, 1);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await sleep(50);
  watch.start();
  delay.enable();
  await sleep(milliseconds);
  delay.disable();
  watch.stop();
  clearInterval(timer);
  consumer.abort();
  await consumed;
  const { delivered, dropped } = ring.stats();
  ring.close();
  await producer;
  const microseconds = (nanoseconds) => Math.round(nanoseconds / 1000);
  return {
    units: milliseconds,
    delivered,
    dropped: Number(dropped - droppedBefore),
    timers,
    p50: microseconds(delay.percentile(50)),
    p99: microseconds(delay.percentile(99)),
    max: microseconds(delay.max),
  };
}

async function startProducer(programId, milliseconds) {
  const [command, ...args] = JSON.parse(producerCommand);
  const child = spawn(command, [...args, objectPath], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(`produce\t${programId}\t${milliseconds + 100}\n`);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the producer ended with ${code}`);
}
