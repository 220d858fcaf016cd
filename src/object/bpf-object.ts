import type { Btf, U64 } from '../btf/index.js';
import { BpfError } from '../errors.js';
import { type NativeInnerMapSpec, type NativeMapSpec, native, type ObjectHandle } from '../native.js';
import type { Section } from './globals.js';
import { type AnyMap, makeMap } from './maps/index.js';
import type { ObjectWarning } from './mixed-up-verdicts.js';
import { namedTable, type Property } from './named.js';
import { type OpenArguments, type OpenObject, openObject } from './open-object.js';
import type { BpfProgram } from './program.js';
import type { ProgramReport } from './program-report.js';
import type { AnyShape, Globals, Maps, ObjectShape, Programs } from './shape.js';

/** What load() hands over. */
export interface LoadedParts {
  name: string;
  handle: ObjectHandle;
  /** As they were declared, edits included, when the load began. */
  declaredMaps: readonly NativeMapSpec[];
  btf: Btf | undefined;
  u64: U64;
  sections: readonly Section[];
  globals: ReadonlyMap<string, Property<unknown>>;
  reports: Map<string, ProgramReport>;
  /** Loads a program that is not loaded yet. */
  loadLater: (name: string) => Promise<BpfProgram>;
  warnings: readonly ObjectWarning[];
}

/**
 * A loaded object: its programs can be attached, its maps and globals are alive.
 *
 * ```ts
 * using open = BpfObject.open('guard.bpf.o');
 * open.globals.target_pid = 4711;
 * using object = await open.load();
 * using link = object.programs.guard.attach();
 * ```
 *
 * Closing the object gives up its programs and maps; links are independent of it and stay.
 *
 * Linux 6.1, libbpf 1.1 and newer.
 */
export class BpfObject<Shape extends ObjectShape = AnyShape> implements Disposable {
  readonly name: string;
  /**
   * The loaded programs by name. Asking for one that is not loaded throws, with the reason: `ERR_BPF_NOT_LOADED`.
   */
  readonly programs: Programs<Shape>;
  /**
   * What became of each program of the file: `loaded`, with the program; `off`; `refused` by the kernel, with the
   * error; or `spare`, an alternative that was not needed.
   *
   * ```ts
   * const { fast } = object.report;
   * if (fast.state === 'refused') console.warn(fast.error.message);
   * ```
   */
  readonly report: Programs<Shape, ProgramReport>;
  /** The maps by name, data sections such as `.bss` included; those with autocreate off are not among them. */
  readonly maps: Maps<Shape>;
  /**
   * The global variables by name, alive: reading gives what the programs left there, assigning changes what they
   * see. A value of 1, 2, 4 or 8 bytes changes in one store.
   *
   * @throws BpfError (from an assignment) `ERR_BPF_READ_ONLY` for constants, `ERR_BPF_UNKNOWN_NAME`,
   *   `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE`
   */
  readonly globals: Globals<Shape>;
  /** The object's types; undefined for an object compiled without `-g`. */
  readonly btf: Btf | undefined;
  /** What is hardly meant, although the kernel took it, such as verdicts in the wrong convention; mostly empty. */
  readonly warnings: readonly ObjectWarning[];
  /** What libbpf warned of while opening and loading; empty when it had nothing to say. */
  readonly libbpfLog: string;
  readonly #handle: ObjectHandle;
  readonly #programs: Map<string, BpfProgram>;
  readonly #maps: ReadonlyMap<string, AnyMap>;
  readonly #reports: Map<string, ProgramReport>;
  readonly #loadLater: (name: string) => Promise<BpfProgram>;
  readonly #loading = new Map<string, Promise<BpfProgram>>();
  readonly #loadedTable: Map<string, Property<BpfProgram>>;
  #closed = false;

  /**
   * Reads an object file.
   *
   * @param source - the path or file URL of a `.bpf.o`, or its bytes
   * The file is untrusted input: it is checked before libbpf sees it, of which older ones follow any reference.
   *
   * @throws BpfError `ENOENT` and its like for the file, `ERR_BPF_NOT_ELF`, `ERR_BPF_OBJECT` for a damaged or foreign
   *   one, `ERR_BPF_BTF` for damaged types, `ERR_BPF_NO_BPF` for one without programs and maps,
   *   `LIBBPF_ERRNO__FORMAT` and its like for what libbpf cannot read
   */
  static open<Shape extends ObjectShape = AnyShape>(
    source: string | URL | Uint8Array,
    ...[options = {}]: OpenArguments<Shape>
  ): OpenObject<Shape> {
    return openObject<Shape>(source, options, (parts) => new BpfObject<Shape>(parts));
  }

  /** @internal */
  constructor(parts: LoadedParts) {
    this.name = parts.name;
    this.btf = parts.btf;
    this.warnings = parts.warnings;
    this.#handle = parts.handle;
    this.libbpfLog = native().objectLog(parts.handle);
    this.#reports = parts.reports;
    this.#loadLater = parts.loadLater;
    this.#programs = loadedPrograms(parts.reports);
    this.#maps = createdMaps(parts);
    for (const section of parts.sections) this.#moveToMap(section);
    const owner = `object "${parts.name}"`;
    this.#loadedTable = readable(this.#programs);
    this.programs = namedTable(owner, 'program', this.#loadedTable, (name) =>
      notLoaded(owner, name, parts.reports.get(name)),
    ) as Programs<Shape>;
    this.report = namedTable(owner, 'program', current(this.#reports)) as typeof this.report;
    this.maps = namedTable(owner, 'map', readable(this.#maps)) as Maps<Shape>;
    this.globals = namedTable(owner, 'global', parts.globals) as Globals<Shape>;
  }

  /**
   * The program that was loaded of some of which one was wanted: of {@link OpenObject.alternatives}, in any order.
   *
   * @throws BpfError `ERR_BPF_ARGUMENT` unless exactly one of them is loaded
   */
  chosen(...programs: readonly Shape['programs'][]): BpfProgram {
    const [chosen, ...more] = programs.flatMap((name: string) => this.#programs.get(name) ?? []);
    if (chosen && more.length === 0) return chosen;
    throw new BpfError(
      `${chosen ? 'more than one' : 'none'} of ${programs.join(', ')} of object "${this.name}" is loaded`,
      { code: 'ERR_BPF_ARGUMENT', reason: 'input' },
    );
  }

  /**
   * Loads a program that {@link OpenObject.load} left out, because its autoload was off or because it is an
   * alternative that was not needed: it shares maps and globals with the others, and is among `programs` from then on.
   * Of one that is loaded already, that one is given.
   *
   * Loading is for what is seldom needed: nobody pays for a program that stays out.
   *
   * @returns the program
   * @throws BpfError as {@link OpenObject.load} does when the kernel refuses it; the others stay as they are.
   *   `ERR_BPF_UNKNOWN_NAME`, `ERR_BPF_CLOSED`
   */
  async loadProgram(name: Shape['programs']): Promise<BpfProgram> {
    this.#assertOpen();
    const loaded = this.#programs.get(name);
    if (loaded) return loaded;
    const loading = this.#loading.get(name) ?? this.#loadNow(name);
    this.#loading.set(name, loading);
    try {
      return await loading;
    } finally {
      this.#loading.delete(name);
    }
  }

  async #loadNow(name: string): Promise<BpfProgram> {
    const program = await this.#loadLater(name);
    if (this.#closed) program.close();
    this.#assertOpen();
    this.#programs.set(name, program);
    this.#reports.set(name, { state: 'loaded', program });
    this.#loadedTable.set(name, { get: () => program });
    return program;
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    throw new BpfError(`object "${this.name}" is closed`, { code: 'ERR_BPF_CLOSED', reason: 'input' });
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Gives up programs and maps. Links stay; closing twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const program of this.#programs.values()) program.close();
    for (const map of this.#maps.values()) map.close();
    native().objectClose(this.#handle);
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** From load on, a section's bytes are those of its map. */
  #moveToMap(section: Section): void {
    const map = this.#maps.get(section.name);
    if (!map) return;
    section.frozen = true;
    section.memory = {
      read: (offset, into) => native().mapReadMemory(map.handle, offset, into),
      write: (offset, from) => native().mapWriteMemory(map.handle, offset, from),
    };
  }
}

function loadedPrograms(reports: ReadonlyMap<string, ProgramReport>): Map<string, BpfProgram> {
  const programs = new Map<string, BpfProgram>();
  for (const [name, report] of reports) {
    if (report.state === 'loaded') programs.set(name, report.program);
  }
  return programs;
}

/** The error for a program that the file has and the kernel has not. */
function notLoaded(owner: string, name: string, report: ProgramReport | undefined): BpfError | undefined {
  if (!report || report.state === 'loaded') return undefined;
  const why = {
    off: () => 'its autoload was off',
    refused: () => `the kernel refused it: ${report.state === 'refused' ? report.error.message : ''}`,
    spare: () => `${report.state === 'spare' ? report.instead : ''} is loaded instead`,
  }[report.state]();
  return new BpfError(`${owner} has no program "${name}" loaded: ${why}`, {
    code: 'ERR_BPF_NOT_LOADED',
    reason: report.state === 'refused' ? report.error.reason : 'input',
    program: name,
    hint: 'look at report before you use a program that may be missing',
    cause: report.state === 'refused' ? report.error : undefined,
  });
}

function createdMaps({ handle, declaredMaps, btf, u64 }: LoadedParts): Map<string, AnyMap> {
  const maps = new Map<string, AnyMap>();
  const typesOf = ({ keyTypeId, valueTypeId }: NativeInnerMapSpec) =>
    btf && { btf, keyTypeId, valueTypeId, u64 };
  for (const spec of declaredMaps) {
    if (!spec.autocreate) continue;
    const { name, inner } = spec;
    const map = native().objectMap(handle, name);
    maps.set(
      name,
      makeMap({
        handle: map,
        info: native().mapInfo(map),
        name,
        types: typesOf(spec),
        inner: inner && { spec: inner, types: typesOf(inner), object: handle },
      }),
    );
  }
  return maps;
}

function readable<T>(entries: ReadonlyMap<string, T>): Map<string, Property<T>> {
  return new Map([...entries].map(([name, value]) => [name, { get: () => value }]));
}

/** What an entry is at the time it is asked for. */
function current<T>(entries: ReadonlyMap<string, T>): Map<string, Property<T>> {
  return new Map([...entries.keys()].map((name) => [name, { get: () => entries.get(name) as T }]));
}
