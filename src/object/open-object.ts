import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Btf, describeValue, type U64 } from '../btf/index.js';
import { assertOptions, BpfError, rephrase, usualReason } from '../errors.js';
import {
  type NativeMapSpec,
  type NativeProgramDeclaration,
  type NativeProgramSpec,
  native,
  type ObjectHandle,
} from '../native.js';
import type { BpfObject, LoadedParts } from './bpf-object.js';
import { globalsOf, isDataSection, type Section } from './globals.js';
import { loadLater, loadPrograms } from './load-programs.js';
import { mixedUpVerdicts } from './mixed-up-verdicts.js';
import { namedTable, type Property, unknownName } from './named.js';
import { assertPinsFit, openMapsOf } from './open-map.js';
import { EditedProgram, type OpenProgram } from './open-program.js';
import type { AnyShape, InitialGlobals, ObjectShape, OpenMaps, Programs } from './shape.js';

/** How to open an object file. */
export interface OpenOptions {
  /**
   * The object's name, which becomes part of the names of its data maps as bpftool shows them. Default: the file's
   * name up to the first dot, or `object` for bytes.
   */
  name?: string;
  /** What 64-bit integers come as: `bigint` (default, exact), `number` (inexact above 2^53), or `auto`. */
  u64?: U64;
  /** Where maps declared with `LIBBPF_PIN_BY_NAME` are pinned and found again. Default `/sys/fs/bpf`. */
  pinRoot?: string;
  /** Kernel configuration for `extern ... __kconfig`, as text in the format of `/boot/config-*`. */
  kconfig?: string;
  /**
   * A file with BTF to relocate against, instead of the running kernel's: BTF by itself, as in /sys/kernel/btf/vmlinux
   * or from `bpftool gen min_core_btf`. It is read at once.
   */
  btfPath?: string;
}

/** The options of {@link BpfObject.open}: `u64` must be what the shape says. */
export type OpenArguments<Shape extends ObjectShape> = Shape extends { u64: 'number' | 'auto' }
  ? [options: OpenOptions & { u64: Shape['u64'] }]
  : Shape extends { u64: 'bigint' }
    ? [options?: OpenOptions & { u64?: 'bigint' }]
    : [options?: OpenOptions];

type NamedOptions = OpenOptions & { name: string };

/** Makes the loaded object of what load() leaves. */
type Finish<Shape extends ObjectShape> = (parts: LoadedParts) => BpfObject<Shape>;

/** What an object file declares. @internal */
export interface ObjectDeclarations {
  name: string;
  btf: Btf | undefined;
  programs: readonly NativeProgramSpec[];
  maps: readonly NativeMapSpec[];
}

/**
 * An object file that was read but not loaded: its globals, maps and programs can still be edited.
 *
 * {@link OpenObject.load} turns it into a {@link BpfObject}, once.
 */
export class OpenObject<Shape extends ObjectShape = AnyShape> implements Disposable {
  readonly name: string;
  /** The programs by name. */
  readonly programs: Programs<Shape, OpenProgram>;
  /** The maps by name. */
  readonly maps: OpenMaps<Shape>;
  /**
   * The global variables by name: what a variable starts with. Constants (`const volatile`) can be set only here.
   *
   * @throws BpfError (from an assignment) `ERR_BPF_UNKNOWN_NAME`, `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE`
   */
  readonly globals: InitialGlobals<Shape>;
  /** The object's types; undefined for an object compiled without `-g`. */
  readonly btf: Btf | undefined;
  readonly #elf: Uint8Array;
  readonly #options: NamedOptions;
  readonly #handle: ObjectHandle;
  readonly #programs: ReadonlyMap<string, EditedProgram>;
  readonly #alternatives: (readonly string[])[] = [];
  readonly #u64: U64;
  readonly #sections: Section[];
  readonly #globals: ReadonlyMap<string, Property<unknown>>;
  readonly #finish: Finish<Shape>;
  #state: 'open' | 'loading' | 'loaded' | 'closed' = 'open';

  /** @internal */
  constructor(elf: Uint8Array, options: NamedOptions, finish: Finish<Shape>) {
    const { u64 = 'bigint', ...nativeOptions } = options;
    this.#finish = finish;
    this.name = options.name;
    this.#u64 = u64;
    this.#elf = elf;
    this.#options = nativeOptions;
    const { handle, programs, maps } = openNative(elf, nativeOptions);
    this.#handle = handle;
    const assertOpen = () => this.#assertOpen();
    this.#programs = new Map(
      programs.map((spec) => [spec.name, new EditedProgram(this.#handle, spec, assertOpen)]),
    );
    const btf = native().objectBtf(this.#handle);
    this.btf = btf.length > 0 ? Btf.parse(btf) : undefined;
    this.#sections = maps.filter(isDataSection).map((map) => this.#section(map.name));
    this.#globals = globalsOf(this.name, this.btf, this.#sections, u64);
    this.globals = namedTable(this.#owner, 'global', this.#initialGlobals()) as InitialGlobals<Shape>;
    this.programs = namedTable(
      this.#owner,
      'program',
      new Map([...this.#programs].map(([name, program]) => [name, { get: () => program }])),
    ) as Programs<Shape, OpenProgram>;
    const openMaps = openMapsOf(this.#handle, maps, () => this.#assertOpen());
    this.maps = namedTable(this.#owner, 'map', openMaps) as OpenMaps<Shape>;
  }

  /**
   * Creates the maps and loads the programs, on a thread of the pool: the verifier may take from milliseconds to
   * seconds.
   *
   * An `lsm/` program that returns a positive constant is warned of (`process.on('warning')`, and
   * {@link BpfObject.warnings}): Linux 6.1 takes it, and what becomes of such a verdict depends on the hook.
   *
   * @returns the loaded object; this one is used up
   * @throws BpfError with the program, its hook, the verifier's log and a hint when the kernel refuses one: `EINVAL`,
   *   `EACCES` or `E2BIG` from the verifier, `EPERM` when you may not, `ESRCH` when the kernel has no such hook;
   *   `ERR_BPF_STATE` when it was loaded or closed before. The object is closed then. A program that is `optional`, or
   *   has {@link OpenObject.alternatives}, may be refused without that. `ERR_BPF_MAP_MISMATCH` when a map that is
   *   pinned already does not fit: the object stays open.
   */
  async load(): Promise<BpfObject<Shape>> {
    this.#assertOpen();
    const maps = native().objectMaps(this.#handle);
    assertPinsFit(maps);
    const warnings = mixedUpVerdicts(this.#handle);
    this.#state = 'loading';
    try {
      const plan = {
        name: this.name,
        elf: this.#elf,
        options: this.#options,
        object: this.#handle,
        maps,
        programs: this.#programs,
        alternatives: this.#alternatives,
      };
      const reports = await loadPrograms(plan);
      this.#state = 'loaded';
      for (const { message, code } of warnings) process.emitWarning(message, { type: 'BpfWarning', code });
      return this.#finish({
        name: this.name,
        handle: this.#handle,
        declaredMaps: maps,
        btf: this.btf,
        u64: this.#u64,
        sections: this.#sections,
        globals: this.#globals,
        reports,
        loadLater: (name) => loadLater(plan, name),
        warnings,
      });
    } catch (cause) {
      this.#drop();
      throw cause;
    }
  }

  /**
   * Of these programs load() is to load one: the first that the kernel takes. The loaded object has that one, and its
   * `report` says which it is and why those before it are not; {@link BpfObject.chosen} gives it.
   *
   * When the kernel refuses all of them, load() fails.
   *
   * @param programs - from the one wanted most to the one wanted least
   * @throws BpfError `ERR_BPF_UNKNOWN_NAME`, `ERR_BPF_ARGUMENT` for fewer than two, one named twice or an optional
   *   one, `ERR_BPF_STATE`
   */
  alternatives(...programs: readonly [Shape['programs'], Shape['programs'], ...Shape['programs'][]]): void {
    this.#assertOpen();
    const names: readonly string[] = programs;
    for (const name of names) {
      if (!this.#programs.has(name))
        throw unknownName(this.#owner, 'program', name, [...this.#programs.keys()]);
    }
    const taken = [...this.#alternatives.flat(), ...names];
    if (names.length < 2 || new Set(taken).size < taken.length) {
      throw new BpfError(
        `alternatives are two programs or more, each named once, and not ${names.join(', ')}`,
        { code: 'ERR_BPF_ARGUMENT', reason: 'input' },
      );
    }
    this.#alternatives.push(names);
  }

  /** What the file declares. @internal */
  get declarations(): ObjectDeclarations {
    this.#assertOpen();
    return this.#declared();
  }

  /** Gives up an object that will not be loaded. Does nothing after load(): close the loaded object then. */
  close(): void {
    if (this.#state === 'open') this.#drop();
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  get #owner(): string {
    return `object "${this.name}"`;
  }

  #declared(): ObjectDeclarations {
    const programs = native().objectPrograms(this.#handle);
    return { name: this.name, btf: this.btf, programs, maps: native().objectMaps(this.#handle) };
  }

  #drop(): void {
    this.#state = 'closed';
    native().objectClose(this.#handle);
  }

  #assertOpen(): void {
    if (this.#state === 'open') return;
    throw new BpfError(`object "${this.name}" is ${this.#state}, so it can no longer be edited or loaded`, {
      code: 'ERR_BPF_STATE',
      reason: 'input',
      hint: 'open the file again',
    });
  }

  #section(name: string): Section {
    return {
      name,
      frozen: false,
      memory: {
        read: (offset, into) => native().objectReadInitial(this.#handle, name, offset, into),
        write: (offset, from) => native().objectWriteInitial(this.#handle, name, offset, from),
      },
    };
  }

  /** The globals as long as they are only initial values: the loaded object has the same, alive. */
  #initialGlobals(): Map<string, Property<unknown>> {
    const guarded = ({ get, set }: Property<unknown>): Property<unknown> => ({
      get: () => {
        this.#assertOpen();
        return get();
      },
      set: (value) => {
        this.#assertOpen();
        set?.(value);
      },
    });
    return new Map([...this.#globals].map(([name, property]) => [name, guarded(property)]));
  }
}

/** Reads the file and opens it; see {@link BpfObject.open}. */
export function openObject<Shape extends ObjectShape>(
  source: string | URL | Uint8Array,
  options: OpenOptions,
  finish: Finish<Shape>,
): OpenObject<Shape> {
  assertOptions(options, 'BpfObject.open()');
  assertU64(options.u64);
  if (source instanceof Uint8Array) {
    // load() may read the bytes once more, and they are the caller's.
    return new OpenObject<Shape>(
      Uint8Array.from(source),
      { ...options, name: options.name ?? 'object' },
      finish,
    );
  }
  const path = pathOf(source);
  const name = options.name ?? (basename(path).split('.')[0] || 'object');
  try {
    return new OpenObject<Shape>(readObjectFile(path), { ...options, name }, finish);
  } catch (cause) {
    if (!(cause instanceof BpfError) || cause.path) throw cause;
    throw rephrase(cause, `${path}: ${cause.message}`, { path });
  }
}

function assertU64(u64: unknown): void {
  if (u64 === undefined || u64 === 'bigint' || u64 === 'number' || u64 === 'auto') return;
  throw new BpfError(`u64 must be bigint, number or auto, not ${describeValue(u64)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
  });
}

function pathOf(source: string | URL): string {
  const path = source instanceof URL ? localPath(source) : source;
  if (typeof path === 'string' && !path.includes('\0')) return path;
  throw new BpfError(
    `an object is opened from a path, a file URL or a Uint8Array, not from ${describeValue(source)}`,
    { code: 'ERR_BPF_ARGUMENT', reason: 'input' },
  );
}

/** Undefined for a URL of another kind, of another host, or with a slash or NUL in a name. */
function localPath(url: URL): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

function readObjectFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    const { code = 'EIO', errno, message } = cause as NodeJS.ErrnoException;
    throw new BpfError(`cannot read the object file: ${message}`, {
      code,
      reason: usualReason(code),
      errno,
      syscall: 'open',
      path,
      cause,
    });
  }
}

interface OpenedNative {
  handle: ObjectHandle;
  programs: readonly NativeProgramDeclaration[];
  maps: readonly NativeMapSpec[];
}

function openNative(elf: Uint8Array, options: NamedOptions): OpenedNative {
  const handle = openWithLibbpf(elf, options);
  const [programs, maps] = [native().objectPrograms(handle), native().objectMaps(handle)];
  if (programs.length > 0 || maps.length > 0) return { handle, programs, maps };
  native().objectClose(handle);
  throw new BpfError(`object "${options.name}" is an ELF file without BPF programs and maps`, {
    code: 'ERR_BPF_NO_BPF',
    reason: 'input',
    hint: 'compile it with clang -g -O2 -target bpf -c',
  });
}

function openWithLibbpf(elf: Uint8Array, options: NamedOptions): ObjectHandle {
  try {
    return native().objectOpen(elf, options);
  } catch (cause) {
    if (!(cause instanceof BpfError)) throw cause;
    // Of the files only the one with BTF is opened by the addon.
    if (MALFORMED.has(cause.code) && cause.path !== undefined) {
      throw rephrase(cause, cause.message, {
        reason: 'input',
        hint: 'pass a file with BTF and nothing else, as bpftool gen min_core_btf writes it',
      });
    }
    if (MALFORMED.has(cause.code)) {
      throw rephrase(cause, `object "${options.name}" cannot be read: ${cause.message}`, {
        reason: 'input',
        hint: 'pass what clang -g -target bpf -c wrote, a .bpf.o file',
      });
    }
    if (cause.errno === undefined) throw cause;
    const said = lastLine(cause.libbpfLog);
    throw rephrase(cause, cause.message, { reason: 'input', hint: said && `libbpf says: ${said}` });
  }
}

/** What the addon finds before libbpf reads the file. */
const MALFORMED: ReadonlySet<string> = new Set(['ERR_BPF_NOT_ELF', 'ERR_BPF_OBJECT', 'ERR_BPF_BTF']);

function lastLine(log: string | undefined): string | undefined {
  const line = log?.trim().split('\n').at(-1);
  return line?.replace(/^libbpf: /, '');
}
