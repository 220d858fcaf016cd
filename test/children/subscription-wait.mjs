// Subscribes. Argument: `subscribed`, `paused`, `unref` or `closed`.
import { BpfObject, RingBuffer } from 'bpf-lsm';

const how = process.argv[2];
const object = await BpfObject.open(new URL('../../build/test/bpf/producer.bpf.o', import.meta.url)).load();
const ring = new RingBuffer(object.maps.small_events);
const subscription = ring.onBatch((batch) => {
  console.log(batch.length, 'delivered');
  subscription.close();
});
if (how === 'paused') subscription.pause();
if (how === 'unref') ring.unref();
if (how === 'closed') subscription.close();

// Unreferenced, so that only the subscription can keep the process alive until this many turns have passed.
let turns = 0;
const timer = setInterval(() => {
  if (++turns < 20) return;
  clearInterval(timer);
  console.log('still there');
  object.globals.batch = 1;
  object.programs.produce_small.run();
}, 5).unref();
