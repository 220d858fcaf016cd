// In a worker thread: loads, runs, reads and waits, round after round, until it is terminated.
import { parentPort } from 'node:worker_threads';
import { BpfObject, RingBuffer } from 'bpf-lsm';

const fixture = (name) => new URL(`../../build/test/bpf/${name}.bpf.o`, import.meta.url);
parentPort.postMessage('begun');
for (let round = 0; ; round++) {
  const [kinds, producer] = await Promise.all(
    ['kinds', 'producer'].map((name) => BpfObject.open(fixture(name)).load()),
  );
  const ring = new RingBuffer(producer.maps.small_events);
  const next = ring.events().next();
  producer.programs.produce_small.run();
  kinds.programs.copy_kinds.run(new Uint8Array(16));
  await next;
  // Every other round leaves all of it to the end of the thread or the garbage collector.
  if (round % 2 === 0) continue;
  ring.close();
  kinds.close();
  producer.close();
}
