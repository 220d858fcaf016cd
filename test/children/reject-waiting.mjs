// Throws from an event handler while a reader waits.
import { BpfObject, RingBuffer } from 'bpf-lsm';

const producer = await BpfObject.open(new URL('../../build/test/bpf/producer.bpf.o', import.meta.url)).load();
const ring = new RingBuffer(producer.maps.small_events);
ring.events().next();
setImmediate(() => {
  throw new Error('uncaught while waiting');
});
