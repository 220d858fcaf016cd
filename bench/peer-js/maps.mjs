// Operations on the maps of bench.bpf.c: u32 keys; values of u64, of an array of them for each CPU, or of a struct.

import { benchObject, ENTRIES } from './object.mjs';

export const mapCases = new Map([
  ['map-get', get],
  ['map-has', has],
  ['map-set', set],
  ['map-delete', remove],
  ['map-iterate', iterate],
  ['map-get-batch', getBatch],
  ['map-get-batch-decoded', getBatchDecoded],
  ['map-set-batch', setBatch],
  ['map-delete-batch', removeBatch],
]);

const filled = new Set();

/** Sets every key, to itself. */
async function fill(name) {
  const { map, make } = await kindOf(name);
  for (let key = 0; key < ENTRIES; key++) map.set(key, make(key));
}

async function filledKind(name) {
  if (!filled.has(name)) await fill(name);
  filled.add(name);
  return kindOf(name);
}

/** The map, how a value of it is made of a number, and the number of a value. */
async function kindOf(name) {
  const { maps } = await benchObject();
  const map = maps[name];
  if (name === 'hash_struct') {
    const make = (i) => ({ packets: BigInt(i), bytes: 1500n, last_port: 443, protocol: 6, flags: 1 });
    return { map, make, number: ({ packets }) => Number(packets) };
  }
  if (!name.startsWith('percpu')) return { map, make: BigInt, number: Number };
  const cpus = maps.percpu_array.get(0).length;
  return { map, make: (i) => new Array(cpus).fill(BigInt(i)), number: ([first]) => Number(first) };
}

async function get(watch, name, count) {
  const { map, number } = await filledKind(name);
  let last;
  watch.start();
  for (let i = 0; i < count; i++) last = map.get(i % ENTRIES);
  watch.stop();
  return { units: count, check: number(last) };
}

async function has(watch, name, count) {
  const { map } = await filledKind(name);
  let found = 0;
  watch.start();
  for (let i = 0; i < count; i++) if (map.has(i % ENTRIES)) found++;
  watch.stop();
  return { units: count, check: found };
}

async function set(watch, name, count) {
  const { map, make } = await filledKind(name);
  watch.start();
  for (let i = 0; i < count; i++) map.set(i % ENTRIES, make(i));
  watch.stop();
  return { units: count };
}

/** In rounds over all keys, which are set again while the clock stands. */
async function remove(watch, name, count) {
  const { map } = await kindOf(name);
  let deleted = 0;
  while (deleted < count) {
    await fill(name);
    watch.start();
    for (let key = 0; key < ENTRIES && deleted < count; key++) if (map.delete(key)) deleted++;
    watch.stop();
  }
  return { units: deleted };
}

/** Every key with its value. */
async function iterate(watch, name, count) {
  const { map } = await filledKind(name);
  let seen = 0;
  while (seen < count) {
    watch.start();
    for (const _ of map) seen++;
    watch.stop();
  }
  return { units: seen };
}

/** Numbers are read from the bytes, as the C peer reads them. */
async function getBatch(watch, name, count) {
  const { map } = await filledKind(name);
  let seen = 0;
  let sum = 0;
  while (seen < count) {
    watch.start();
    sum = 0;
    for (const { length, valueBytes } of map.batches(ENTRIES)) {
      const words = new Uint32Array(valueBytes.buffer, valueBytes.byteOffset, valueBytes.length / 4);
      const step = words.length / length;
      for (let at = 0; at < words.length; at += step) sum += words[at];
      seen += length;
    }
    watch.stop();
  }
  return { units: seen, check: sum };
}

/** Keys and values are decoded. */
async function getBatchDecoded(watch, name, count) {
  const { map, number } = await filledKind(name);
  let seen = 0;
  let sum = 0;
  while (seen < count) {
    watch.start();
    sum = 0;
    for (const [, value] of map) {
      sum += number(value);
      seen++;
    }
    watch.stop();
  }
  return { units: seen, check: sum };
}

async function setBatch(watch, name, count) {
  const { map, make } = await filledKind(name);
  let done = 0;
  while (done < count) {
    watch.start();
    map.setMany(Array.from({ length: ENTRIES }, (_, key) => [key, make(done)]));
    watch.stop();
    done += ENTRIES;
  }
  return { units: done };
}

async function removeBatch(watch, name, count) {
  const { map } = await kindOf(name);
  let deleted = 0;
  while (deleted < count) {
    await fill(name);
    watch.start();
    deleted += map.deleteMany(Array.from({ length: ENTRIES }, (_, key) => key));
    watch.stop();
  }
  return { units: deleted };
}
