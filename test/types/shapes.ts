// Compiled, never run: what is marked must not compile, all else must.

import type { ExecCount } from '../../examples/types/exec_count.js';
import { type BpfArray, BpfMap, BpfObject, type Fields, type Input, RingBuffer } from '../../src/index.js';
import type { EveryMap, Note, Prefix } from './objects/every_map.js';
import type { Kinds, KindsStruct, Nested } from './objects/kinds.js';
import type { KindsAuto } from './objects/kinds_auto.js';
import type { KindsNumber } from './objects/kinds_number.js';

/** Compiles for two types that are the same, and for no others. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;

function same<A, B>(_same: Same<A, B>): void {}

export async function names(): Promise<void> {
  const open = BpfObject.open<ExecCount>('exec_count.bpf.o');
  open.programs.count_exec.autoload = false;
  open.maps.execs_by_comm.maxEntries = 5;
  open.maps['.bss'].pinPath = undefined;
  // @ts-expect-error: no such program
  open.programs.count_exce.autoload = false;
  // @ts-expect-error: no such map
  open.maps.execs_by_com.maxEntries = 5;
  // @ts-expect-error: no such global
  open.globals.target_parnet = 5;

  const object = await open.load();
  object.programs.count_exec.attach();
  // @ts-expect-error: no such program
  object.programs.count_exce.attach();
  // @ts-expect-error: no such map
  object.maps.evnts.close();
  // @ts-expect-error: no such global
  object.globals.exec.toString();
}

export async function globals(): Promise<void> {
  const open = BpfObject.open<Kinds>('kinds.bpf.o');
  const object = await open.load();
  same<typeof object.globals.data_u64, bigint>(true);
  same<typeof object.globals.data_name, string>(true);
  same<typeof object.globals.data_colour, 'RED' | 'GREEN' | 'BLUE' | number>(true);
  object.globals.data_u64 = 5;
  object.globals.data_u64 = 5n;
  object.globals.data_colour = 'GREEN';
  object.globals.data_kinds = object.globals.bss_kinds;
  object.globals.data_kinds = { ...object.globals.bss_kinds, u64: 5, number: { halves: [1, 2] } };
  // @ts-expect-error: a number takes no string
  object.globals.data_u32 = '5';
  // @ts-expect-error: 32 bits are numbers
  object.globals.data_u32 = 5n;
  // @ts-expect-error: no such enumerator
  object.globals.data_colour = 'PINK';
  // @ts-expect-error: not enough elements
  object.globals.data_array = [1, 2, 3];

  open.globals.ro_u64 = 5;
  open.globals.ro_name = 'until load';
  same<typeof object.globals.ro_u64, bigint>(true);
  // @ts-expect-error: constants are fixed by load()
  object.globals.ro_u64 = 5n;
  // @ts-expect-error: constants are fixed by load()
  object.globals.ro_name = 'after load';
}

export async function maps(): Promise<void> {
  const { maps } = await BpfObject.open<Kinds>('kinds.bpf.o').load();
  same<ReturnType<typeof maps.runs.get>, bigint[] | undefined>(true);
  same<NonNullable<ReturnType<(typeof maps)['.bss']['get']>>['bss_u8'], number>(true);
  maps.by_key.get({ id: 1, zone: 2, port: 3 })?.nested.at.x.toFixed();
  // @ts-expect-error: a field is missing
  maps.by_key.get({ id: 1, zone: 2 });
  // @ts-expect-error: no such field
  maps.by_key.get({ id: 1, zone: 2, prot: 3 });
  // @ts-expect-error: no such field in what was read
  maps.by_key.get({ id: 1, zone: 2, port: 3 })?.nested.at.z;
  // @ts-expect-error: the index of an array is a number
  maps.by_index.get('1');
  // @ts-expect-error: a ring buffer has no keys
  maps.records.get(0);
}

export async function families(): Promise<void> {
  const { maps, programs } = await BpfObject.open<EveryMap>('every_map.bpf.o').load();
  same<ReturnType<typeof maps.hash.takeAll>, [number, bigint][]>(true);
  same<ReturnType<typeof maps.percpu_hash.get>, number[] | undefined>(true);
  same<ReturnType<typeof maps.queue.pop>, Note | undefined>(true);
  same<ReturnType<typeof maps.tasks.get>, Note | undefined>(true);
  same<ReturnType<typeof maps.array_of_maps.create>, BpfArray<bigint>>(true);
  same<ReturnType<typeof maps.hash_of_maps.open>, BpfMap<Prefix, Note> | undefined>(true);
  maps.hash.setMany([[1, 2]]);
  maps.hash.setMany(maps.lru_hash);
  maps.calls.set(0, programs.called);
  maps.cgroups.set(0, '/sys/fs/cgroup');
  maps.array_of_maps.set(0, maps.array_of_maps.create());
  maps.shared.memory().slice(0);
  maps.tasks.set(process.pid, { mark: 1, text: '' });
  // @ts-expect-error: the elements of an array cannot be deleted
  maps.array.delete(0);
  // @ts-expect-error: only arrays have memory to share
  maps.hash.memory();
  // @ts-expect-error: a queue has no keys
  maps.queue.get(0);
  // @ts-expect-error: nothing is taken out of a bloom filter
  maps.bloom.pop();
  // @ts-expect-error: a slot takes a program
  maps.calls.set(0, 5);
  // @ts-expect-error: no process can look into it
  maps.cgroups.get(0);
  // @ts-expect-error: a map of another class than is declared
  maps.array_of_maps.set(0, maps.hash);
  // @ts-expect-error: records have no keys
  maps.perf_events.entries();
  // @ts-expect-error: a task is named by a number
  maps.tasks.get('self');
  // @ts-expect-error: owners cannot be listed
  maps.sockets.keys();
  // @ts-expect-error: no ring buffer
  new RingBuffer(maps.hash).close();
  // @ts-expect-error: no such mode
  maps.hash.set(1, 1n, 'sometimes');

  const open = BpfObject.open<EveryMap>('every_map.bpf.o');
  open.maps.hash_of_maps.inner = { type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1 };
  open.maps.shared.flags = ['mmapable', 'rdonly_prog'];
  open.maps.hash.reuse(maps.hash);
  // @ts-expect-error: a hash holds no maps
  open.maps.hash.inner = maps.array;
  // @ts-expect-error: no such flag
  open.maps.hash.flags = ['mmapped'];
  // @ts-expect-error: a type that is made here has bytes for keys
  BpfMap.create({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1 }).get(1);
  // @ts-expect-error: an array is made by BpfArray
  BpfMap.create({ type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 });
}

export async function unions(index: BpfMap<number, Nested>): Promise<void> {
  const rest = { tag: 1, at: { x: 1, y: 2 }, pair: { low: 1, high: 2 } };
  index.set(0, { ...rest, left: 1 });
  index.set(0, { ...rest, right: -1 });
  const read = index.get(0);
  if (!read) return;
  same<typeof read.left, number>(true);
  same<typeof read.right, number>(true);
  index.set(0, read);
  index.set(0, { ...read, tag: 2 });
  // @ts-expect-error: none of the union's members
  index.set(0, rest);
  const whole: Input<KindsStruct['number']> = { whole: 5 };
  const bytes: Input<KindsStruct['number']> = { bytes: [1, 2, 3, 4, 5, 6, 7, 8] };
  // @ts-expect-error: no member of the union
  const half: Input<KindsStruct['number']> = { half: 5 };
  index.set(0, { ...rest, left: [whole, bytes, half].length });
}

export async function records(): Promise<void> {
  const { maps } = await BpfObject.open<Kinds>('kinds.bpf.o').load();
  const ring = new RingBuffer(maps.records);
  for await (const event of ring) {
    same<typeof event, KindsStruct>(true);
    same<typeof event.grid, [[number, number, number], [number, number, number]]>(true);
    same<typeof event.pointer, bigint>(true);
    // @ts-expect-error: no such field
    event.nmae.trim();
  }
  for await (const batch of ring.batches()) {
    same<ReturnType<typeof batch.decode>, KindsStruct>(true);
    for (const fields of batch.cursors()) {
      const at: Fields<Nested>['at'] = fields.nested.at;
      same<typeof fields.path, KindsStruct['path']>(true);
      // @ts-expect-error: no such field
      fields.nested.at.z.toFixed();
      // @ts-expect-error: a cursor is for reading
      at.x = 5;
    }
  }
}

export function u64(): void {
  BpfObject.open<Kinds>('kinds.bpf.o', { u64: 'bigint' });
  BpfObject.open<KindsNumber>('kinds.bpf.o', { u64: 'number' }).globals.data_u64.toFixed();
  const { data_u64 } = BpfObject.open<KindsAuto>('kinds.bpf.o', { u64: 'auto' }).globals;
  same<typeof data_u64, number | bigint>(true);
  // @ts-expect-error: typed with bigints
  BpfObject.open<Kinds>('kinds.bpf.o', { u64: 'number' });
  // @ts-expect-error: typed with numbers, and bigints are the default
  BpfObject.open<KindsNumber>('kinds.bpf.o');
  // @ts-expect-error: typed with numbers
  BpfObject.open<KindsNumber>('kinds.bpf.o', { u64: 'bigint' });
}

export function untyped(): void {
  const open = BpfObject.open('any.bpf.o', { u64: 'number' });
  open.globals.anything = 5;
  const value: unknown = open.globals.anything;
  open.globals.another = value;
  open.maps.outer?.reuse('/sys/fs/bpf/outer');
}

export async function untypedMaps(): Promise<void> {
  const { maps } = await BpfObject.open('any.bpf.o').load();
  maps.some?.get(1);
  maps.some?.push(1);
  maps.some?.mightHave(1);
  if (maps.some) new RingBuffer(maps.some).close();
}
