// Uses the memory of an array that is closed, collected with its map, or frozen; prints what came of it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BpfObject } from '../../dist/index.js';

const object = await BpfObject.open(process.argv[2]).load();
const { shared } = object.maps;
let counters = new BigUint64Array(shared.memory());
object.close();
counters[999] = 7n;
for (let i = 0; i < 5; i++) {
  globalThis.gc();
  await nextTurn();
}
console.log(`alive ${counters[999]}`);
try {
  structuredClone(counters.buffer, { transfer: [counters.buffer] });
  console.log('copied');
} catch (error) {
  console.log(error.name);
}
counters.fill(1n);
console.log(`whole ${counters.reduce((sum, count) => sum + count, 0n)}`);
counters = undefined;
