// Uses objects, maps, programs and readers in any order, closed or not, dropped or not. Arguments: SEED STEPS
// Each call does what it should or throws a BpfError; prints how many did which.
import { setImmediate as turn } from 'node:timers/promises';
import { BpfError, BpfObject, RingBuffer } from 'bpf-lsm';

const fixture = (name) => new URL(`../../build/test/bpf/${name}.bpf.o`, import.meta.url);
let state = (Number(process.argv[2]) * 2_654_435_761 + 1) >>> 0;
const steps = Number(process.argv[3]);

/** An integer below `n`. */
function below(n) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return (state >>> 8) % n;
}

/** What is around: open and loaded objects, readers, iterators; some forgotten now and then. */
const things = { open: [], loaded: [], rings: [], keys: [], pending: [] };
/** Readers that are waited on end the process's life only when they are closed. */
const waitedOn = new Set();
const counts = { done: 0, refused: 0 };

function any(list) {
  return list[below(list.length)];
}

const KEY = { id: 1, zone: 2, port: 3 };

const actions = {
  open: () => things.open.push(BpfObject.open(fixture('kinds'))),
  edit: () => {
    const open = any(things.open);
    open.globals.data_s8 = below(100);
    open.maps.by_key.maxEntries = 1 + below(64);
    open.programs.copy_read_only.autoload = below(2) === 1;
  },
  load: () => {
    // Not waited for: the steps that follow meet an object that is loading.
    const loading = any(things.open).load();
    things.pending.push(
      loading.then(
        (object) => things.loaded.push(object),
        (error) => count(error),
      ),
    );
  },
  loadAndForget: () => {
    BpfObject.open(fixture('kinds'))
      .load()
      .catch((error) => count(error));
  },
  loadWaiting: async () => {
    things.loaded.push(await BpfObject.open(fixture('producer')).load());
  },
  run: () => {
    const { programs } = any(things.loaded);
    const [program] = Object.values(programs);
    program.run(new Uint8Array(16));
  },
  globals: () => {
    const { globals } = any(things.loaded);
    for (const [name, value] of Object.entries(globals).slice(0, 4)) globals[name] = value;
  },
  set: () => any(things.loaded).maps.by_key.set(KEY, any(things.loaded).maps.by_key.get(KEY)),
  get: () => any(things.loaded).maps.by_index.get(below(4)),
  keys: () => things.keys.push(any(things.loaded).maps.by_index.keys()),
  next: () => any(things.keys).next(),
  read: () => {
    const { maps } = any(things.loaded);
    things.rings.push(new RingBuffer(maps.small_events));
  },
  drain: () => any(things.rings).read(),
  wait: () => {
    const ring = any(things.rings);
    const next = ring.events().next();
    waitedOn.add(ring);
    things.pending.push(next.then(() => counts.done++, count));
  },
  closeOpen: () => any(things.open).close(),
  closeLoaded: () => any(things.loaded).close(),
  closeRing: () => any(things.rings).close(),
  forget: () => any(Object.values(things)).splice(0, 1 + below(3)),
  collect: () => globalThis.gc(),
  turn: () => turn(),
};

function count(error) {
  if (!(error instanceof BpfError)) throw error;
  counts.refused++;
}

for (let step = 0; step < steps; step++) {
  const name = any(Object.keys(actions));
  try {
    await actions[name]();
    counts.done++;
  } catch (error) {
    // There is none of it yet, or the object has no such map.
    if (error instanceof TypeError && /undefined/.test(error.message)) continue;
    count(error);
  }
}
for (const ring of [...things.rings, ...waitedOn]) ring.close();
await Promise.all(things.pending);
console.log(JSON.stringify(counts));
