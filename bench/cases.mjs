// What is measured: for each case the work of every peer, how much of it a round is, and what is aimed at.

import { ROOT } from '../scripts/say.mjs';

const LOAD_OBJECT = `${ROOT}build/bench/bpf/load.bpf.o`;
const LSM_OBJECT = `${ROOT}dist/bpf/examples/mprotect_guard.bpf.o`;

/** The most that a goal allows of the C program's time. */
const LOAD_GOAL = 1.05;
const OPERATION_GOAL = 1.6;
const BATCH_GOAL = 1.1;

/** Records a second. */
const DECODED_GOAL = 25e6;
const RETAINED_GOAL = 2.6e6;

const MAPS = ['hash', 'hash_struct', 'array', 'percpu_hash', 'percpu_array'];
const OPERATIONS = [
  ...['get', 'has', 'set', 'delete', 'iterate'],
  ...['get-batch', 'get-batch-decoded', 'set-batch', 'delete-batch'],
];

const RECORDS = new Map([
  ['tiny', '16 bytes'],
  ['numbers', '64 bytes of integers'],
  ['named', '64 bytes with a name'],
  ['pathed', '256 bytes with a path'],
]);

/** The ways of reading a ring, which of the Go peer's each is compared with, and what is aimed at. */
const WAYS = new Map([
  ['batches', { go: 'ring' }],
  ['cursors', { go: 'ring' }],
  ['decoded-number', { go: 'ring-decoded', goal: { numbers: DECODED_GOAL } }],
  ['decoded', { go: 'ring-decoded' }],
  ['retained-number', { go: undefined, goal: { numbers: RETAINED_GOAL } }],
  ['retained', { go: undefined }],
  ['on-batch', { go: 'ring-decoded' }],
  ['events', { go: 'ring-decoded' }],
]);

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {'load' | 'maps' | 'ring' | 'event-loop' | 'cgroup-scale' | 'cgroup-calls'} group
 * @property {string} target what the peers are told beside their own case
 * @property {number} count how much a round is
 * @property {Record<string, string | undefined>} peers each peer's own case
 * @property {number} [mostRatio] the goal, in multiples of the C program's time
 * @property {number} [leastRate] the goal, in units a second
 * @property {boolean} [counted] only in a guest, which counts instructions; there are no peers
 * @property {boolean} [lsm] only where LSM programs can be loaded
 */

/** @type {Case[]} */
export const CASES = [
  {
    name: 'load',
    group: 'load',
    target: LOAD_OBJECT,
    count: 50,
    peers: { c: 'load', js: 'load', go: 'load' },
    mostRatio: LOAD_GOAL,
  },
  {
    name: 'load-attach',
    group: 'load',
    target: LSM_OBJECT,
    count: 10,
    peers: { c: 'load-attach', js: 'load-attach' },
    mostRatio: LOAD_GOAL,
    lsm: true,
  },
  ...MAPS.flatMap((map) => OPERATIONS.filter((operation) => isPossible(map, operation)).map(mapCase(map))),
  ...[...RECORDS.keys()].flatMap((records) => [...WAYS].map(ringCase(records))),
  ...['nothing', 'decoded', 'on-batch', 'events'].map((way) => ({
    name: `event-loop ${way}`,
    group: 'event-loop',
    target: way,
    count: 2000,
    peers: { js: 'event-loop' },
  })),
  ...['cgroup-scale', 'cgroup-calls', 'policies'].map((name) => ({
    name,
    group: name,
    target: '',
    count: 1,
    peers: {},
    counted: true,
    lsm: true,
  })),
];

/** What a record of a kind is, for people. */
export const describeRecords = (records) => RECORDS.get(records);

function isPossible(map, operation) {
  if (operation.endsWith('batch-decoded')) return !map.startsWith('percpu');
  if (operation.endsWith('batch') && map.startsWith('percpu')) return false;
  return !operation.startsWith('delete') || !map.endsWith('array');
}

function mapCase(map) {
  return (operation) => {
    const name = `map-${operation}`;
    const inBatches = operation.includes('batch');
    // C and Go have no other way to see a batch.
    const other = name.replace('-decoded', '');
    return {
      name: `${name} ${map}`,
      group: 'maps',
      target: map,
      count: inBatches ? 50_000 : 20_000,
      peers: { c: other, js: name, go: other },
      mostRatio: inBatches ? (name === other ? BATCH_GOAL : undefined) : OPERATION_GOAL,
    };
  };
}

function ringCase(records) {
  return ([way, { go, goal = {} }]) => ({
    name: `ring-${way} ${records}`,
    group: 'ring',
    target: records,
    count: records === 'pathed' ? 60_000 : 200_000,
    peers: { c: 'ring', js: `ring-${way}`, ...(go && { go }) },
    leastRate: goal[records],
  });
}
