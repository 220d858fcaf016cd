// Calls process.exit() in what follows a load, while others go on and a reader waits.
import { BpfObject, RingBuffer } from 'bpf-lsm';

const fixture = (name) => new URL(`../../build/test/bpf/${name}.bpf.o`, import.meta.url);
const producer = await BpfObject.open(fixture('producer')).load();
new RingBuffer(producer.maps.small_events).events().next();
for (let i = 0; i < 4; i++) BpfObject.open(fixture('kinds')).load();
BpfObject.open(fixture('kinds'))
  .load()
  .then(() => process.exit(7));
