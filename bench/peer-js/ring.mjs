// Filling a ring by a program of bench.bpf.c, and emptying it in each of the ways there are.

import { RingBuffer } from '../../dist/index.js';
import { benchObject } from './object.mjs';

export const ringCases = new Map([
  ['ring-batches', emptied(batches)],
  ['ring-cursors', emptied(cursors, { u64: 'number' })],
  ['ring-decoded', emptied(decoded)],
  ['ring-decoded-number', emptied(decoded, { u64: 'number' })],
  ['ring-retained', emptied(retained)],
  ['ring-retained-number', emptied(retained, { u64: 'number' })],
  ['ring-events', emptied(events)],
  ['ring-on-batch', emptied(onBatch)],
]);

/** Where the object decoded last is put, so that no compiler leaves one out. */
export const kept = [undefined];

const rings = new Map();

// What bpf_loop() does at most (BPF_MAX_LOOPS); a ring holds less.
const MOST_LOOPS = 2 ** 23;

/** Fills the ring while the clock stands, and empties it by `way` while it runs, until `count` records came out. */
function emptied(way, options) {
  return async (watch, records, count) => {
    const object = await benchObject(options);
    const ring = ringOf(object, records);
    const program = object.programs[`fill_${records}`];
    const done = { records: 0, last: 0, objects: [] };
    while (done.records < count) {
      const most = Math.min(count - done.records, MOST_LOOPS);
      program.run(new Uint8Array(Uint32Array.of(most, done.records).buffer));
      const wanted = done.records + waiting(ring, records);
      if (wanted === done.records) throw new Error(`nothing was put into the ring of ${records} records`);
      watch.start();
      await way(ring, done, wanted);
      watch.stop();
    }
    return { units: done.records, check: Number(done.last) };
  };
}

function ringOf(object, records) {
  if (!rings.has(records)) rings.set(records, new RingBuffer(object.maps[`${records}_ring`]));
  return rings.get(records);
}

const SIZES = { tiny: 16, numbers: 64, named: 64, pathed: 256 };
const HEADER = 8;

function waiting(ring, records) {
  return ring.stats().waiting / (SIZES[records] + HEADER);
}

/** Nothing is decoded but the last record of a batch. */
async function batches(ring, done, wanted) {
  for await (const batch of ring.batches()) {
    done.records += batch.length;
    done.last = batch.decode(batch.length - 1).sequence;
    if (done.records >= wanted) return;
  }
}

/** Two fields of every record are read. */
async function cursors(ring, done, wanted) {
  let sum = 0;
  for await (const batch of ring.batches()) {
    for (const { sequence, pid = 0 } of batch.cursors()) {
      sum += pid;
      done.last = sequence;
    }
    done.records += batch.length;
    if (done.records >= wanted) break;
  }
  kept[0] = sum;
}

async function decoded(ring, done, wanted) {
  for await (const batch of ring.batches()) {
    for (const event of batch) kept[0] = event;
    done.records += batch.length;
    if (done.records >= wanted) break;
  }
  done.last = kept[0].sequence;
}

/** All objects stay until the round ends. */
async function retained(ring, done, wanted) {
  for await (const batch of ring.batches()) {
    for (const event of batch) done.objects.push(event);
    done.records += batch.length;
    if (done.records >= wanted) break;
  }
  done.last = done.objects.at(-1).sequence;
}

async function events(ring, done, wanted) {
  for await (const event of ring) {
    kept[0] = event;
    if (++done.records >= wanted) break;
  }
  done.last = kept[0].sequence;
}

/** Decoded in a callback, without a promise. */
function onBatch(ring, done, wanted) {
  return new Promise((resolve) => {
    const subscription = ring.onBatch((batch) => {
      for (const event of batch) kept[0] = event;
      done.records += batch.length;
      done.last = kept[0].sequence;
      if (done.records < wanted) return;
      subscription.close();
      resolve();
    });
  });
}
