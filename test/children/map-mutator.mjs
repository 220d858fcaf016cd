// A worker that adds and deletes keys of a map without pause, until it is told to stop.
import { workerData } from 'node:worker_threads';
import { BpfMap } from '../../dist/index.js';

const { id, stop, keys } = workerData;
const stopped = new Int32Array(stop);
const map = BpfMap.openById(id);
while (Atomics.load(stopped, 0) === 0) {
  for (const [key, value] of keys) map.set(key, value);
  map.deleteMany(keys.map(([key]) => key));
  Atomics.add(stopped, 1, 1);
}
map.close();
