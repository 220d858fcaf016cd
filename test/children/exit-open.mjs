// Leaves everything open: objects before and after load, handles of their parts, a reader that nobody iterates.
import { BpfObject, RingBuffer } from 'bpf-lsm';

const fixture = (name) => new URL(`../../build/test/bpf/${name}.bpf.o`, import.meta.url);
globalThis.open = BpfObject.open(fixture('kinds'));
globalThis.kinds = await BpfObject.open(fixture('kinds')).load();
globalThis.producer = await BpfObject.open(fixture('producer')).load();
globalThis.ring = new RingBuffer(globalThis.producer.maps.small_events);
globalThis.producer.programs.produce_small.run();
globalThis.keys = globalThis.kinds.maps.by_index.keys();
globalThis.keys.next();
console.log(globalThis.ring.read().length);
