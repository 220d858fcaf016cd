// Opens damaged objects, one after the other, and loads those that open. Arguments: FIRST-SEED COUNT OBJECT...
// Prints each seed before it is tried, so that whoever waits for a process that has crashed knows which it was, and
// in the end what came of them as JSON.
import { readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { BpfError, BpfObject } from 'bpf-lsm';
import { mutant } from '../support/elf-mutator.mjs';

const [first, count, ...objects] = process.argv.slice(2);
const files = objects.map((path) => readFileSync(path));
/** The kernel would really take this much for a map that asks for it. */
const MOST_MEMORY = 1 << 22;

const outcomes = { opened: 0, loaded: 0, refused: {}, notLoaded: {}, escaped: [] };

for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  writeSync(1, `${seed}\n`);
  const { elf, damage } = mutant(files[seed % files.length], seed);
  try {
    await tryOne(elf);
  } catch (error) {
    outcomes.escaped.push(`seed ${seed} (${damage.join(', ')}): ${error?.stack ?? error}`);
  }
}
const left = readdirSync('/proc/self/fd').filter(isBpf).length;
if (left > 0)
  outcomes.escaped.push(`${left} descriptors are left of seeds ${first} and the ${count} from it`);
writeSync(1, `${JSON.stringify(outcomes)}\n`);

function isBpf(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('anon_inode:b');
  } catch {
    return false;
  }
}

async function tryOne(elf) {
  const open = await attempt(outcomes.refused, () => BpfObject.open(elf, { pinRoot: '/nonexistent' }));
  if (open === undefined) return;
  outcomes.opened++;
  const { maps, programs, globals } = open;
  for (const name of Object.keys(globals)) await attempt({}, () => globals[name]);
  const small = Object.values(maps).every((map) => memoryOf(map) <= MOST_MEMORY);
  // Programs of other types need the kernel's types at load, which takes libbpf a tenth of a second.
  if (!small || !Object.values(programs).every(({ type }) => type === 'syscall')) return open.close();
  const object = await attempt(outcomes.notLoaded, () => open.load());
  if (object === undefined) return;
  outcomes.loaded++;
  for (const map of Object.values(object.maps)) await attempt({}, () => [...map.keys()].slice(0, 3));
  for (const program of Object.values(object.programs)) await attempt({}, () => program.info());
  for (const name of Object.keys(object.globals)) await attempt({}, () => object.globals[name]);
  object.close();
}

function memoryOf({ type, keySize, valueSize, maxEntries }) {
  return type === 'ringbuf' ? maxEntries : (keySize + valueSize + 64) * maxEntries;
}

/** What a call gives; undefined when it throws a BpfError, which is counted. Anything else thrown is a mistake. */
async function attempt(codes, call) {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    codes[error.code] = (codes[error.code] ?? 0) + 1;
    return undefined;
  }
}
