// Opens and drops 2,000 objects without closing any; every tenth is loaded. Prints BPF descriptors: before, the most
// while it went on, and in the end.
import { readdirSync, readlinkSync } from 'node:fs';
import { BpfObject } from 'bpf-lsm';

const kinds = new URL('../../build/test/bpf/kinds.bpf.o', import.meta.url);

function descriptors() {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('anon_inode:b');
    } catch {
      return false;
    }
  }).length;
}

async function collect() {
  // Finalizers run in turns of their own.
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await new Promise(setImmediate);
  }
}

// A function of its own, whose variables are gone when it returns.
async function openAndDrop(load) {
  const open = BpfObject.open(kinds);
  if (!load) return;
  const object = await open.load();
  object.globals.data_s8 = 1;
  object.maps.by_index.get(0);
}

const before = descriptors();
let most = before;
for (let i = 0; i < 2000; i++) {
  await openAndDrop(i % 10 === 0);
  if (i % 200 === 199) {
    most = Math.max(most, descriptors());
    await collect();
  }
}
await collect();
console.log(JSON.stringify({ before, grew: most > before, after: descriptors() }));
