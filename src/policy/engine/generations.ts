import { readFileSync } from 'node:fs';
import { BpfError } from '../../errors.js';
import type { Maps } from '../../object/index.js';
import type { Policy } from '../model/index.js';
import type { CompiledGeneration } from './compile.js';
import type { EngineMaps, EngineShape } from './kernel-maps.js';
import {
  type Candidate,
  type ControlRecord,
  type GenerationRecord,
  LAYOUT,
  SLOTS,
  STATES,
  type StateRecord,
} from './layout.js';
import { policiesFrom } from './sources.js';

const NOTHING = { slot: 0, number: 1, by_host: 0n, by_cgroup: 0n, by_domain: 0n };
const NOTHING_DECIDES: StateRecord = { active: NOTHING, fallback: NOTHING, deadline_ns: 0n };

// struct control: `current` is its second word.
const CURRENT_WORD = 1;

/** The maps of a generation that are as large as what is in them. */
type TableName = Exclude<MapOfMapsName, 'generations' | 'denials'>;
type MapOfMapsName = {
  [Name in keyof EngineMaps]: EngineMaps[Name] extends { inner: unknown } ? Name : never;
}[keyof EngineMaps];

/** Without one of these, a generation is not what was applied. */
const TABLES: readonly TableName[] = [
  'anchors',
  'names',
  'scopes',
  'ids',
  'facts',
  'addresses',
  'ports',
  'unix_names',
  'sockets',
  'sources',
];

type EntryOf<Name extends TableName> = readonly [
  EngineMaps[Name]['inner']['key'],
  EngineMaps[Name]['inner']['value'],
];

/** A map of maps, as far as it is filled here. */
interface MapOfTables<Entry> {
  create(options: { maxEntries: number }): Table<Entry>;
  set(slot: number, table: Table<Entry>): void;
}

interface Table<Entry> extends Disposable {
  setMany(entries: readonly Entry[]): void;
}

/** What decides now, and what would if the deadline passed. */
export interface State extends StateRecord {
  /** Whether the deadline has passed, and the kernel has fallen back by itself. */
  readonly expired: boolean;
}

/**
 * The generations in the kernel: which are in which slot, and which of them decides.
 *
 * A switch is one store of an index. Its record is written before, where no program reads; and what a program may still
 * read is written again only after a grace period (kernel/bpf/syscall.c maybe_wait_bpf_programs() waits for one whenever a
 * map of maps is changed).
 */
export class Generations {
  readonly #maps: Maps<EngineShape>;
  /** Records written since programs were waited for; of those before, this process knows nothing. */
  #unwaited = STATES;

  constructor(maps: Maps<EngineShape>) {
    this.#maps = maps;
  }

  /** Makes the engine's maps ready, if nobody has; an empty generation is active then. */
  prepare(empty: CompiledGeneration): void {
    const { layout } = this.#control();
    if (layout === LAYOUT) return;
    if (layout !== 0) throw otherLayout(layout);
    this.#fill(0, 1, empty);
    this.#maps.control.set(0, {
      layout: LAYOUT,
      current: 0,
      over: 0,
      zero: 0,
      states: Array.from({ length: STATES }, () => NOTHING_DECIDES),
      lost: 0n,
      missing: 0n,
    });
  }

  /** @throws BpfError `ERR_BPF_STATE` when there is no engine, or one of another version */
  get state(): State {
    const control = this.#control();
    if (control.layout !== LAYOUT) throw otherLayout(control.layout);
    const state = control.states[control.current % STATES] as StateRecord;
    return { ...state, expired: state.deadline_ns !== 0n && bootTimeNs() >= state.deadline_ns };
  }

  /** What programs could not judge as they should: objects that were not followed to the top, generations missing. */
  get troubles(): { lost: bigint; missing: bigint } {
    const { lost, missing } = this.#control();
    return { lost, missing };
  }

  /** Puts a generation into a slot that no state leads to. */
  store(generation: CompiledGeneration): Candidate {
    this.#waitForPrograms();
    const { active, fallback } = this.state;
    const used = [active.slot, fallback.slot];
    const slot = [...Array(SLOTS - 1).keys()].find((slot) => !used.includes(slot)) as number;
    const number = Math.max(...this.#numbers()) + 1;
    this.#fill(slot, number, generation);
    return { slot, number, ...operationsOf(generation) };
  }

  /**
   * The one store that changes which generation decides; what it leads to is written before. What was not judged for want of
   * a generation is counted from here on.
   */
  switchTo({ active, fallback, deadline_ns }: StateRecord): void {
    const { control } = this.#maps;
    // So that nobody still reads the record that is the next.
    if (this.#unwaited >= STATES - 2) this.#waitForPrograms();
    this.#unwaited++;
    const record = this.#control();
    const next = (record.current + 1) % STATES;
    const states = [...record.states];
    states[next] = { active, fallback, deadline_ns };
    control.set(0, { ...record, states, missing: 0n });
    Atomics.store(new Uint32Array(control.memory()), CURRENT_WORD, next);
  }

  /** No policy decides from now on. What an engine of another version would make of it is not known: it stays as it is. */
  letGo(): void {
    if (this.#control().layout === LAYOUT) this.switchTo(NOTHING_DECIDES);
  }

  /** The names of the policies of a generation, in the order of their bits. */
  policiesIn(candidate: Candidate): { name: string; enforced: boolean }[] {
    const record = this.#recordOf(candidate);
    if (!record) return [];
    return record.names
      .filter((name) => name !== '')
      .map((name, index) => ({ name, enforced: ((record.enforced >> BigInt(index)) & 1n) === 1n }));
  }

  /** The policies of a generation, as they were applied. */
  sourcesIn(candidate: Candidate): Policy[] {
    if (!this.#recordOf(candidate)) return [];
    using sources = this.#maps.sources.open(candidate.slot);
    return sources ? policiesFrom(sources.entries()) : [];
  }

  /** The tables of a generation that somebody took away. */
  missingOf({ slot }: Candidate): string[] {
    return TABLES.filter((name) => {
      using table = this.#maps[name].open(slot);
      return !table;
    });
  }

  /** How often each policy of a generation denied an operation, or would have: [policy][operation]. */
  denialsIn({ slot }: Candidate): bigint[] {
    using denials = this.#maps.denials.open(slot);
    return denials ? [...denials.values()] : [];
  }

  /** Undefined where nothing decides, though there may be a generation of another number in the slot. */
  #recordOf({ slot, number }: Candidate): GenerationRecord | undefined {
    using generation = this.#maps.generations.open(slot);
    const record = generation?.get(0);
    return record?.number === number ? record : undefined;
  }

  #control(): ControlRecord {
    return this.#maps.control.get(0) as ControlRecord;
  }

  #numbers(): number[] {
    return [...Array(SLOTS).keys()].map((slot) => {
      using generation = this.#maps.generations.open(slot);
      return generation?.get(0)?.number ?? 0;
    });
  }

  #fill(slot: number, number: number, { record, ...tables }: CompiledGeneration): void {
    const { generations, denials } = this.#maps;
    this.#put(slot, 'anchors', tables.anchors);
    this.#put(slot, 'names', tables.names);
    this.#put(slot, 'scopes', tables.scopes);
    this.#put(slot, 'ids', tables.ids);
    this.#put(slot, 'facts', tables.facts);
    this.#put(slot, 'addresses', tables.network.addresses);
    this.#put(slot, 'ports', tables.network.ports);
    this.#put(slot, 'unix_names', tables.network.unixNames);
    this.#put(slot, 'sockets', tables.network.sockets);
    this.#put(slot, 'sources', tables.sources);
    using counters = denials.create();
    denials.set(slot, counters);
    using generation = generations.create();
    generation.set(0, { ...record, number });
    generations.set(slot, generation);
  }

  /** A table of a generation, in a map of its size. */
  #put<Name extends TableName>(slot: number, name: Name, entries: readonly EntryOf<Name>[]): void {
    const outer = this.#maps[name] as unknown as MapOfTables<EntryOf<Name>>;
    using table = outer.create({ maxEntries: Math.max(entries.length, 1) });
    table.setMany(entries);
    outer.set(slot, table);
  }

  /** Any change of a map of maps waits until all programs that run now have ended: here, of a slot that has no use. */
  #waitForPrograms(): void {
    const { denials } = this.#maps;
    using unused = denials.create();
    denials.set(SLOTS - 1, unused);
    this.#unwaited = 0;
  }
}

/** The operations that the policies of each scope can deny. */
function operationsOf({
  record,
}: CompiledGeneration): Pick<Candidate, 'by_host' | 'by_cgroup' | 'by_domain'> {
  const deniedBy = (policies: bigint) =>
    record.operations.reduce(
      (word, { relevant }, operation) => (relevant & policies ? word | (1n << BigInt(operation)) : word),
      0n,
    );
  return {
    by_host: deniedBy(record.host),
    by_cgroup: deniedBy(record.by_cgroup),
    by_domain: deniedBy(record.by_domain),
  };
}

/** CLOCK_BOOTTIME, to the hundredth of a second. */
export function bootTimeNs(): bigint {
  const [seconds = '0'] = readFileSync('/proc/uptime', 'utf8').split(' ');
  return BigInt(Math.round(Number(seconds) * 100)) * 10_000_000n;
}

function otherLayout(layout: number): BpfError {
  return new BpfError(
    layout === 0
      ? 'the policies of this host were never made ready'
      : `the policies of this host are kept by another version of this library (layout ${layout}, not ${LAYOUT})`,
    {
      code: 'ERR_BPF_STATE',
      reason: 'input',
      hint: layout === 0 ? 'apply some' : 'use that version, or remove them with it',
    },
  );
}
