// Records without end, in one of the ways there are, and an end in their midst. Arguments: which way, and how it ends:
// `exit`, `throw`, or `close` (all is closed, and the process is to end by itself). As a worker it tells that it has
// seen many, and goes on.
import { parentPort, workerData } from 'node:worker_threads';
import { BpfObject, EventGroup, PerfBuffer, RingBuffer, UserRingBuffer } from 'bpf-lsm';

const [way, end] = workerData ?? process.argv.slice(2);
const MANY = 2000;
const load = (name) => BpfObject.open(new URL(`../../build/test/bpf/${name}.bpf.o`, import.meta.url)).load();

let seen = 0;
let timer;
const open = [];

function see(count) {
  const before = seen;
  seen += count;
  if (before >= MANY || seen < MANY) return;
  if (parentPort) parentPort.postMessage('streaming');
  else if (end === 'exit') process.exit(7);
  else if (end === 'throw') throw new Error('uncaught after many events');
  else {
    clearInterval(timer);
    for (const closable of open) closable.close();
  }
}

const ways = {
  async 'ring-callback'() {
    const producer = await load('producer');
    const ring = new RingBuffer(producer.maps.small_events);
    open.push(ring);
    ring.onBatch((batch) => see(batch.length));
    timer = setInterval(() => producer.programs.produce_small.run(), 0);
  },
  async 'perf-loop'() {
    const producer = await load('perf_producer');
    const buffer = new PerfBuffer(producer.maps.events);
    open.push(buffer);
    timer = setInterval(() => producer.programs.produce.run(), 0);
    for await (const _ of buffer) see(1);
  },
  async 'perf-callback'() {
    const producer = await load('perf_producer');
    const buffer = new PerfBuffer(producer.maps.events, { batchRecords: 100 });
    open.push(buffer);
    buffer.onBatch((batch) => see(batch.length), { turnRecords: 250 });
    timer = setInterval(() => producer.programs.produce.run(), 0);
  },
  async group() {
    const [rings, perf] = [await load('producer'), await load('perf_producer')];
    const group = new EventGroup({
      ring: new RingBuffer(rings.maps.small_events),
      perf: new PerfBuffer(perf.maps.events),
    });
    open.push(group);
    timer = setInterval(() => {
      rings.programs.produce_small.run();
      perf.programs.produce.run();
    }, 0);
    for await (const { batch } of group.batches()) see(batch.length);
  },
  async 'user-ring'() {
    const object = await load('commands');
    const commands = new UserRingBuffer(object.maps.commands);
    open.push(commands);
    const some = Array.from({ length: 500 }, (_, id) => ({ id, verb: 'START', name: '' }));
    timer = setInterval(() => object.programs.drain.run(), 0);
    try {
      for (;;) {
        await commands.sendAll(some);
        see(some.length);
      }
    } catch (error) {
      if (error.code !== 'ERR_BPF_CLOSED') throw error;
    }
  },
};

await ways[way]();
