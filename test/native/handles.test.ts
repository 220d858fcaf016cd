import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Binding, type MapHandle, native, type ObjectHandle } from '../../src/native.js';
import { bpfFiles } from '../support/fds.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';
import { everyKind, untyped } from '../support/untyped.js';

type Call = (...args: unknown[]) => unknown;

/** A function of the addon's, as plain JavaScript sees it. */
const call = (name: string): Call => untyped<Record<string, Call>>(native())[name] ?? missing(name);

function missing(name: string): never {
  throw new Error(`the addon has no function ${name}`);
}

const elf = readFileSync(fixture('kinds'));

async function loaded(file = 'kinds'): Promise<ObjectHandle> {
  const object = native().objectOpen(readFileSync(fixture(file)), { name: file });
  await native().objectLoad(object);
  return object;
}

let before: string[];
beforeEach(() => {
  before = bpfFiles();
});
afterEach(() => {
  expect(bpfFiles()).toEqual(before);
});

/** One open handle of every kind that this host can make; links are made by attaching, which it does not. */
async function everyHandle(): Promise<{ handles: Record<string, unknown>; close: () => void }> {
  const object = await loaded();
  const program = native().objectProgram(object, 'copy_kinds');
  const map = native().objectMap(object, 'by_key');
  const records = native().objectMap(object, 'records');
  const reader = native().ringOpen(records, () => undefined);
  const perfRecords = native().objectMap(object, 'perf_records');
  const perf = native().perfOpen(perfRecords, 1, 1, () => undefined);
  const commands = await loaded('commands');
  const commandMap = native().objectMap(commands, 'commands');
  const userRing = native().userRingOpen(commandMap, () => undefined);
  const place = mkdtempSync(join(tmpdir(), 'bpf-lsm-handles-'));
  const messageSocket = native().messageListen(join(place, 'socket'), 0o600, 1, () => undefined);
  rmSync(place, { recursive: true });
  return {
    handles: { object, program, map, reader, userRing, perf, messageSocket },
    close() {
      native().messageClose(messageSocket);
      native().userRingClose(userRing);
      native().mapClose(commandMap);
      native().objectClose(commands);
      native().readerClose(perf);
      native().mapClose(perfRecords);
      native().readerClose(reader);
      native().mapClose(records);
      native().mapClose(map);
      native().programClose(program);
      native().objectClose(object);
    },
  };
}

/** Which functions want which handle first, as src/native.ts lists them. */
const FUNCTIONS: Readonly<Record<string, readonly (keyof Binding)[]>> = {
  object: [
    'objectPrograms',
    'objectMaps',
    'objectBtf',
    'objectInstructions',
    'objectLog',
    'objectSetAutoload',
    'objectSetMaxEntries',
    'objectSetMapType',
    'objectSetKeySize',
    'objectSetValueSize',
    'objectSetMapFlags',
    'objectSetNumaNode',
    'objectSetAutocreate',
    'objectSetPinPath',
    'objectSetInnerMap',
    'objectReuseMap',
    'objectReadInitial',
    'objectWriteInitial',
    'objectLoad',
    'objectProgram',
    'objectMap',
    'objectClose',
    'objectSetExpectedAttachType',
    'objectSetAttachTarget',
    'objectShareMaps',
  ],
  program: [
    'programInfo',
    'programPin',
    'programTestRun',
    'programClose',
    'programInstructions',
    'programTakesAttachType',
    'attachLsm',
    'attachCgroup',
    'attachFunction',
    'attachRawTracepoint',
    'attachIterator',
    'attachKprobe',
    'attachTracepoint',
  ],
  map: [
    'mapInfo',
    'mapElements',
    'mapLookupBatch',
    'mapUpdateBatch',
    'mapDeleteBatch',
    'mapReadAll',
    'mapLookupOf',
    'mapUpdateOf',
    'mapDeleteOf',
    'mapSetProgram',
    'mapSetMap',
    'mapSetCgroup',
    'mapReadMemory',
    'mapWriteMemory',
    'mapShareMemory',
    'mapFreeze',
    'mapFrozen',
    'mapPin',
    'mapClose',
    'ringOpen',
    'perfOpen',
    'userRingOpen',
  ],
  link: ['linkInfo', 'linkUpdate', 'linkDetach', 'linkIterate', 'linkPin', 'linkClose'],
  statistics: ['statisticsClose'],
  reader: ['readerDrain', 'readerAvailable', 'readerArm', 'readerDisarm', 'readerRef', 'readerClose'],
  perf: ['perfCpus', 'perfLost', 'perfAdoptCpus', 'perfDetach'],
  userRing: [
    'userRingSend',
    'userRingWaiting',
    'userRingArm',
    'userRingDisarm',
    'userRingRef',
    'userRingClose',
  ],
  messageSocket: [
    'messageAccept',
    'messagePeer',
    'messageSend',
    'messageSendWith',
    'messageReceive',
    'messageDiscarding',
    'messageArm',
    'messageRef',
    'messageClose',
  ],
};

const bytes = new Uint8Array(8);
/** Of by_key: a key of 8 bytes and a value. */
const element = new Uint8Array(8 + 176);
/** What follows the handle, right in its types. */
const REST: Readonly<Partial<Record<keyof Binding, readonly unknown[]>>> = {
  objectSetAutoload: ['copy_kinds', true],
  objectSetMaxEntries: ['by_key', 1],
  objectSetMapType: ['by_key', 'lru_hash'],
  objectSetKeySize: ['by_key', 8],
  objectSetValueSize: ['by_key', 176],
  objectSetMapFlags: ['by_key', 0],
  objectSetNumaNode: ['by_key', 0],
  objectSetAutocreate: ['by_key', true],
  objectSetPinPath: ['by_key', '/sys/fs/bpf/x'],
  objectSetInnerMap: ['by_key', {}],
  objectReuseMap: ['by_key', {}],
  objectReadInitial: ['.data', 0, bytes],
  objectWriteInitial: ['.data', 0, bytes],
  objectInstructions: ['copy_kinds'],
  objectProgram: ['copy_kinds'],
  objectMap: ['by_key'],
  objectSetExpectedAttachType: ['copy_kinds', 27],
  objectSetAttachTarget: ['copy_kinds', 'file_open'],
  programPin: ['/sys/fs/bpf/x'],
  programTestRun: [bytes],
  programTakesAttachType: [43, 0],
  attachLsm: [0n],
  attachCgroup: [0, 0, 0, 0, 0n],
  attachFunction: [24, 0n],
  attachRawTracepoint: ['sys_enter', 0n],
  attachIterator: [{}],
  attachKprobe: ['do_unlinkat', 0, false, 0n],
  attachTracepoint: ['sched', 'sched_process_exec', 0n],
  mapLookupBatch: [bytes, true, bytes, new Uint8Array(176), false, new Uint32Array(3)],
  mapUpdateBatch: [bytes, new Uint8Array(176), 0],
  mapDeleteBatch: [bytes],
  mapLookupOf: [1, new Uint8Array(176)],
  mapUpdateOf: [1, new Uint8Array(176), 0],
  mapDeleteOf: [1],
  mapSetProgram: [0, {}],
  mapSetMap: [bytes, {}, 0],
  mapSetCgroup: [0, '/nonexistent'],
  mapReadMemory: [0, bytes],
  mapWriteMemory: [0, bytes],
  mapPin: ['/sys/fs/bpf/x'],
  ringOpen: [() => undefined],
  perfOpen: [1, 1, () => undefined],
  userRingOpen: [() => undefined],
  linkPin: ['/sys/fs/bpf/x'],
  readerDrain: [bytes, 1, new Uint32Array(4)],
  readerRef: [true],
  userRingSend: [bytes, 1],
  userRingRef: [true],
  messageAccept: [() => undefined],
  messageSend: [bytes],
  messageSendWith: [bytes, 0],
  messageReceive: [1n],
  messageRef: [true],
};

const everyFunction = Object.entries(FUNCTIONS).flatMap(([kind, names]) =>
  names.map((name) => [name, kind] as const),
);

describe('every function of the addon', () => {
  test.each(everyFunction)('%s takes a handle of a %s, and nothing else', async (name, kind) => {
    const { handles, close } = await everyHandle();
    const right = handles[kind] ?? {};
    // The reader of a perf buffer is a reader as well.
    const others = Object.entries(handles).filter(([other]) => other !== kind && other !== 'perf');
    const imposters = [
      ...everyKind.map(([, value]) => value),
      undefined,
      new Proxy(right, {}),
      Object.create(right),
      { ...right },
      globalThis,
      process,
    ];
    for (const wrong of [...others.map(([, handle]) => handle), ...imposters]) {
      const error = await thrown(() => call(name)(wrong, ...(REST[name] ?? [])));
      expect(error.code).toBe('ERR_BPF_ARGUMENT');
      expect(error.message).toMatch(
        /^expected (a (BPF object|program|map|link|switch of statistics|record reader|user ring buffer|message socket)|the reader of a perf buffer)$/,
      );
    }
    expect((await thrown(() => call(name)())).code).toBe('ERR_BPF_ARGUMENT');
    close();
  });

  test.each(everyFunction.filter(([name]) => !name.endsWith('Close') && !name.startsWith('linkI')))(
    '%s refuses a closed %s',
    async (name, kind) => {
      const { handles, close } = await everyHandle();
      close();
      if (!(kind in handles)) return;
      const error = await thrown(() => call(name)(handles[kind], ...(REST[name] ?? [])));
      expect(error.code).toBe('ERR_BPF_CLOSED');
    },
  );

  test('can be closed again', async () => {
    const { close } = await everyHandle();
    close();
    close();
  });

  test.each(everyFunction.filter(([name]) => REST[name]))(
    '%s refuses every wrong argument after a good %s',
    async (name, kind) => {
      const { handles, close } = await everyHandle();
      const rest = REST[name] ?? [];
      for (let position = 0; position < rest.length && kind in handles; position++) {
        for (const [, value] of everyKind) {
          if (typeof value === typeof rest[position] && value !== null) continue;
          const args = rest.with(position, value);
          const error = await thrown(() => call(name)(handles[kind], ...args));
          expect(error.code).toBe('ERR_BPF_ARGUMENT');
        }
      }
      close();
    },
  );
});

describe('objectOpen', () => {
  test('refuses what is no Uint8Array, and no options', async () => {
    for (const [name, value] of everyKind) {
      if (name !== 'bytes of a wrong length') {
        const error = await thrown(() => call('objectOpen')(value, { name: 'kinds' }));
        expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
      }
      if (typeof value !== 'object' && typeof value !== 'function') {
        expect((await thrown(() => call('objectOpen')(elf, value))).code).toBe('ERR_BPF_ARGUMENT');
      }
    }
    for (const view of [new DataView(new ArrayBuffer(8)), new Uint16Array(8), new ArrayBuffer(8)]) {
      expect((await thrown(() => call('objectOpen')(view, { name: 'x' }))).code).toBe('ERR_BPF_ARGUMENT');
    }
  });

  test('takes no bytes for what they are', async () => {
    const error = await thrown(() => native().objectOpen(new Uint8Array(0), { name: 'nothing' }));
    expect(error.code).toBe('ERR_BPF_NOT_ELF');
  });

  test('passes on what a getter of the options throws', () => {
    const options = {
      get name(): string {
        throw new RangeError('from a getter');
      },
    };
    expect(() => native().objectOpen(elf, options)).toThrow(new RangeError('from a getter'));
  });

  test('survives a getter of the options that takes the bytes away', async () => {
    const bytesToDetach = Uint8Array.from(elf);
    const options = {
      get name(): string {
        structuredClone(bytesToDetach.buffer, { transfer: [bytesToDetach.buffer] });
        return 'kinds';
      },
    };
    const error = await thrown(() => native().objectOpen(bytesToDetach, options));
    expect(error.code).toBe('ERR_BPF_NOT_ELF');
  });
});

describe('offsets and sizes are refused when they lie outside:', () => {
  const OFFSETS = [
    -1,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
    1e308,
  ];

  test('those of initial values', async () => {
    const object = native().objectOpen(elf, { name: 'kinds' });
    const size = native()
      .objectMaps(object)
      .find(({ name }) => name === '.data')?.valueSize as number;
    for (const access of ['objectReadInitial', 'objectWriteInitial'] as const) {
      for (const offset of [...OFFSETS, size - 7]) {
        const error = await thrown(() => native()[access](object, '.data', offset, new Uint8Array(8)));
        expect(error.code).toBe('ERR_BPF_ARGUMENT');
      }
      expect((await thrown(() => native()[access](object, '.data', 0, new Uint8Array(size + 1)))).code).toBe(
        'ERR_BPF_ARGUMENT',
      );
      native()[access](object, '.data', 0, new Uint8Array(size));
      native()[access](object, '.data', size, new Uint8Array(0));
      expect((await thrown(() => native()[access](object, 'by_key', 0, bytes))).code).toBe(
        'ERR_BPF_ARGUMENT',
      );
    }
    native().objectClose(object);
  });

  test("those of a map's memory", async () => {
    const object = await loaded();
    const map = native().objectMap(object, '.data');
    const { valueSize } = native().mapInfo(map);
    for (const access of ['mapReadMemory', 'mapWriteMemory'] as const) {
      for (const offset of [...OFFSETS, Math.ceil(valueSize / 8) * 8 - 7]) {
        const error = await thrown(() => native()[access](map, offset, new Uint8Array(8)));
        expect(error.code).toBe('ERR_BPF_ARGUMENT');
      }
      native()[access](map, 0, new Uint8Array(valueSize));
      for (let size = 0; size < 9; size++) {
        for (let offset = 0; offset < 9; offset++) native()[access](map, offset, new Uint8Array(size));
      }
    }
    native().mapClose(map);
    native().objectClose(object);
  });

  test('the memory of a map that has none to share', async () => {
    const object = await loaded();
    const map = native().objectMap(object, 'by_key');
    const error = await thrown(() => native().mapReadMemory(map, 0, bytes));
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', map: 'by_key' });
    native().mapClose(map);
    native().objectClose(object);
  });

  test('the memory of constants is read-only', async () => {
    const object = await loaded();
    const map = native().objectMap(object, '.rodata');
    native().mapReadMemory(map, 0, bytes);
    const error = await thrown(() => native().mapWriteMemory(map, 0, bytes));
    expect(error.code).toBe('ERR_BPF_READ_ONLY');
    native().mapClose(map);
    native().objectClose(object);
  });

  test('keys and values that are a byte too short or too long', async () => {
    const object = await loaded();
    const map: MapHandle = native().objectMap(object, 'by_key');
    const key = (more: number) => new Uint8Array(8 + more);
    const value = (more: number) => new Uint8Array(176 + more);
    const batch = (cursor: Uint8Array, keys: Uint8Array, values: Uint8Array) =>
      native().mapLookupBatch(map, cursor, true, keys, values, false, new Uint32Array(3));
    for (const more of [-1, 1]) {
      for (const wrong of [
        () => batch(key(more), key(0), value(0)),
        () => batch(key(0), key(more), value(0)),
        () => batch(key(0), key(0), value(more)),
        () => native().mapUpdateBatch(map, key(more), value(0), 0),
        () => native().mapUpdateBatch(map, key(0), value(more), 0),
        () => native().mapDeleteBatch(map, key(more)),
      ]) {
        expect(await thrown(wrong)).toMatchObject({ code: 'ERR_BPF_ARGUMENT', map: 'by_key' });
      }
    }
    const { lookup, take, update, delete: remove } = native().mapElements(map);
    for (const wrong of [lookup, take, remove]) {
      for (const size of [0, 7, 8, 8 + 175]) {
        const error = await thrown(() => wrong(new Uint8Array(size)));
        expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', map: 'by_key' });
      }
    }
    const error = await thrown(() => update(new Uint8Array(8 + 175), 0));
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', map: 'by_key' });
    // A buffer for elements may be larger.
    expect(lookup(new Uint8Array(4096))).toBe(false);
    for (const [, value] of everyKind) {
      for (const call of [lookup, take, remove, update]) {
        expect((await thrown(() => call(untyped(value), untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
      }
    }
    expect(native().mapReadAll(map)).toHaveLength(0);
    native().mapClose(map);
    // They go with their handle, whoever still has them.
    for (const call of [lookup, take, remove, update]) {
      expect((await thrown(() => call(element, 0))).code).toBe('ERR_BPF_CLOSED');
    }
    native().objectClose(object);
  });

  test('flags that the kernel does not know', async () => {
    const object = await loaded();
    const map = native().objectMap(object, 'by_key');
    const update = (flags: number) => native().mapElements(map).update(element, flags);
    expect((await thrown(() => update(0xffff))).code).toBe('EINVAL');
    expect((await thrown(() => update(-1))).code).toBe('ERR_BPF_ARGUMENT');
    expect((await thrown(() => update(2 ** 32))).code).toBe('ERR_BPF_ARGUMENT');
    native().mapClose(map);
    native().objectClose(object);
  });

  test('a slab or a result that is too small', async () => {
    const object = await loaded('producer');
    const map = native().objectMap(object, 'small_events');
    const reader = native().ringOpen(map, () => undefined);
    const program = native().objectProgram(object, 'produce_small');
    native().programTestRun(program, new Uint8Array(0));
    const result = new Uint32Array(4);
    native().readerDrain(reader, new Uint8Array(0), 10, result);
    expect([...result]).toEqual([0, 0, 1, 24]);
    native().readerDrain(reader, new Uint8Array(24), 10, result);
    expect([...result]).toEqual([24, 1, 1, 0]);
    native().readerDrain(reader, new Uint8Array(24), 0, result);
    expect([...result]).toEqual([0, 0, 1, 0]);
    for (const wrong of [new Uint32Array(3), new Uint8Array(16), new Float64Array(4), [0, 0, 0, 0]]) {
      const error = await thrown(() => native().readerDrain(reader, new Uint8Array(24), 1, untyped(wrong)));
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', message: 'result must be a Uint32Array of 4' });
    }
    native().readerClose(reader);
    native().programClose(program);
    native().mapClose(map);
    native().objectClose(object);
  });
});

describe('an object that is being loaded', () => {
  test('is busy', async () => {
    const object = native().objectOpen(elf, { name: 'kinds' });
    const loading = native().objectLoad(object);
    for (const name of FUNCTIONS.object ?? []) {
      if (name === 'objectClose') continue;
      const error = await thrown(() => call(name)(object, ...(REST[name as keyof Binding] ?? [])));
      expect(error.code).toBe('ERR_BPF_BUSY');
    }
    await loading;
    expect(native().objectPrograms(object)).toHaveLength(3);
    native().objectClose(object);
  });

  test('can be closed: the load goes on, and what it made goes with it', async () => {
    const object = native().objectOpen(elf, { name: 'kinds' });
    const loading = native().objectLoad(object);
    native().objectClose(object);
    await loading;
    expect((await thrown(() => native().objectPrograms(object))).code).toBe('ERR_BPF_CLOSED');
  });

  test('cannot be loaded again', async () => {
    const object = await loaded();
    const error = await thrown(() => native().objectLoad(object));
    expect(error.errno).toBeLessThan(0);
    native().objectClose(object);
  });

  test('has no initial values any more', async () => {
    const object = await loaded();
    expect((await thrown(() => native().objectReadInitial(object, '.data', 0, bytes))).code).toBe(
      'ERR_BPF_ARGUMENT',
    );
    native().objectClose(object);
  });
});

describe('the addon', () => {
  test('exports exactly what src/native.ts says', () => {
    const listed = Object.values(FUNCTIONS).flat();
    const others = [
      'setErrorFactory',
      'objectOpen',
      'programOpenPinned',
      'mapOpenPinned',
      'mapOpenById',
      'mapCreate',
      'linkOpenPinned',
      'linkOpenById',
      'attachTypeNumber',
      'statisticsEnable',
      'libbpfVersion',
      'libbpfHas',
      'activeLsmIds',
      'landlockAbi',
      'btfById',
      'probeProgram',
      'probeMap',
      'probeCgroupLink',
      'probeTranslatedCall',
      'cgroupPrograms',
      'cgroupDetach',
      'cgroupPathById',
      'messageListen',
      'messageConnect',
      'inventoryIds',
      'inventoryProgram',
      'inventoryInstructions',
      'inventoryMap',
      'inventoryBtf',
      'inventoryPin',
      'nanosecondsSinceBoot',
    ];
    expect(Object.keys(native()).sort()).toEqual([...listed, ...others].sort());
  });

  test('needs from outside nothing but Node-API, the event loop, libbpf and the C and C++ libraries', () => {
    const addon = fileURLToPath(new URL('../../build/Release/bpf_lsm.node', import.meta.url));
    const lines = execFileSync('nm', ['-D', '--undefined-only', addon], { encoding: 'utf8' }).trim();
    const unknown = lines
      .split('\n')
      .map((line) => line.trim().split(/\s+/).at(-1) ?? '')
      .filter((symbol) => !EXPECTED_SYMBOLS.test(symbol));
    expect(unknown).toEqual([]);
  });
});

// libc and libstdc++ put their version behind an @; _ITM and __gmon_start__ are weak ones of every shared object.
const EXPECTED_SYMBOLS =
  /^(napi_\w+|node_api_\w+|uv_(poll_init|poll_start|poll_stop|close|ref|unref)|(bpf|btf|libbpf|ring_buffer)_\w+(@LIBBPF_.*)?|[\w.]+@(GLIBC|GLIBCXX|CXXABI|GCC)_[\w.]+|_ITM_\w+|__gmon_start__)$/;
