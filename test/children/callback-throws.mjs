// A callback that throws for every batch; with the argument `too-large`, one whose reader cannot take a record.
import { BpfObject, PerfBuffer, RingBuffer } from 'bpf-lsm';

const load = (name) => BpfObject.open(new URL(`../../build/test/bpf/${name}.bpf.o`, import.meta.url)).load();

if (process.argv[2] === 'too-large') {
  const producer = await load('perf_producer');
  producer.globals.bytes = 8000;
  const buffer = new PerfBuffer(producer.maps.untyped, { slabSize: 4096 });
  process.on('uncaughtException', ({ code }) => {
    console.log('uncaught', code);
    console.log('closed', subscription.closed);
    buffer.close();
  });
  const subscription = buffer.onBatch(() => undefined);
  producer.programs.produce_bytes.run();
} else {
  const producer = await load('producer');
  producer.globals.batch = 3;
  producer.programs.produce_small.run();
  const ring = new RingBuffer(producer.maps.small_events, { batchRecords: 1 });
  process.on('uncaughtException', (error) => console.log('uncaught', error.message));
  let seen = 0;
  ring.onBatch((batch) => {
    const [{ sequence }] = batch;
    seen++;
    if (seen === 3) producer.programs.produce_small.run();
    if (seen === 6) {
      console.log(ring.stats().delivered, 'delivered');
      ring.close();
    }
    if (seen < 5) throw new Error(`mine ${sequence}`);
  });
}
