// Ends in the middle of an iteration. Argument: `exit` or `throw`.
import { BpfObject, RingBuffer } from 'bpf-lsm';

const producer = await BpfObject.open(new URL('../../build/test/bpf/producer.bpf.o', import.meta.url)).load();
const how = process.argv[2];
const timer = setInterval(() => producer.programs.produce_small.run(), 0);
let seen = 0;
for await (const { sequence } of new RingBuffer(producer.maps.small_events)) {
  if (++seen < 3000) continue;
  if (how === 'exit') process.exit(7);
  throw new Error(`uncaught after ${sequence >= 0n ? 'many' : 'no'} events`);
}
clearInterval(timer);
