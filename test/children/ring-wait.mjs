// Waits for a record. Argument: whether that is to keep the process alive, and how it is told.
import { BpfObject, RingBuffer } from 'bpf-lsm';

const how = process.argv[2];
const object = await BpfObject.open(new URL('../../build/test/bpf/producer.bpf.o', import.meta.url)).load();
const ring = new RingBuffer(object.maps.small_events, {
  keepAlive: how !== 'keepAlive-false' && how !== 'ref',
});
if (how === 'unref') ring.unref();
if (how === 'ref') ring.ref();
if (how !== 'idle') {
  console.log('waiting');
  read();
}

// Unreferenced, so that only the reader can keep the process alive until this many turns have passed.
let turns = 0;
const timer = setInterval(() => {
  if (++turns < 20) return;
  clearInterval(timer);
  console.log('still there');
  object.globals.batch = 1;
  object.programs.produce_small.run();
}, 5).unref();

async function read() {
  for await (const { sequence } of ring) {
    console.log(String(sequence));
    ring.close();
  }
}
