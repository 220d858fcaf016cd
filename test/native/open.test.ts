import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  BpfError,
  BpfMap,
  BpfObject,
  BpfProgram,
  Link,
  type OpenOptions,
  type RecordMap,
  RingBuffer,
} from '../../src/index.js';
import { bpfFiles } from '../support/fds.js';
import { loadKinds, openKinds } from '../support/fixtures.js';
import { fixture, program } from '../support/objects.js';
import { thrown } from '../support/thrown.js';
import { everyKindBut, untyped } from '../support/untyped.js';

let before: string[];
beforeEach(() => {
  before = bpfFiles();
});
afterEach(() => {
  expect(bpfFiles()).toEqual(before);
});

const kinds = (): Uint8Array => readFileSync(fixture('kinds'));

describe('BTF to relocate against', () => {
  const vmlinux = '/sys/kernel/btf/vmlinux';
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-btf-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function written(content: Uint8Array): string {
    const path = join(directory, 'some.btf');
    writeFileSync(path, content);
    return path;
  }

  test("can be the kernel's own", async () => {
    using object = await BpfObject.open(fixture('kinds'), { btfPath: vmlinux }).load();
    expect(object.closed).toBe(false);
  });

  test.each([
    ['no bytes', new Uint8Array(0), /malformed/],
    ['text', new TextEncoder().encode('struct task_struct;'), /malformed/],
    ['an ELF file', readFileSync(fixture('kinds')), /is an ELF file/],
    ['half of it', readFileSync(vmlinux).subarray(0, 1 << 20), /malformed/],
  ])('is refused at open: %s', async (_name, content, why) => {
    const btfPath = written(content);
    const error = await thrown(() => BpfObject.open(fixture('kinds'), { btfPath }));
    expect(error).toMatchObject({ code: 'ERR_BPF_BTF', reason: 'input', path: btfPath });
    expect(error.message).toMatch(why);
    expect(error.hint).toContain('bpftool gen min_core_btf');
  });

  test.each(['/nonexistent.btf', '/proc', '/dev/null', '/dev/zero'])(
    'is refused at open: %s',
    async (btfPath) => {
      const error = await thrown(() => BpfObject.open(fixture('kinds'), { btfPath }));
      expect(error.code).toMatch(/^(ENOENT|EISDIR|ERR_BPF_BTF)$/);
      expect(error).toMatchObject({ path: btfPath, reason: 'input' });
    },
  );
});

describe('what is no BPF object is refused, and named:', () => {
  test('a file that is not there', async () => {
    const error = await thrown(() => BpfObject.open('/nonexistent/guard.bpf.o'));
    expect(error).toMatchObject({ code: 'ENOENT', path: '/nonexistent/guard.bpf.o', syscall: 'open' });
    expect(error.errno).toBeLessThan(0);
    expect(error.message).toContain('/nonexistent/guard.bpf.o');
  });

  test('a directory', async () => {
    expect(await thrown(() => BpfObject.open(tmpdir()))).toMatchObject({ code: 'EISDIR', path: tmpdir() });
  });

  test('a file of text', async () => {
    const path = new URL('../../package.json', import.meta.url);
    const error = await thrown(() => BpfObject.open(path));
    expect(error).toMatchObject({ code: 'ERR_BPF_NOT_ELF', path: expect.stringContaining('package.json') });
    expect(error.hint).toContain('clang -g -target bpf');
  });

  test.each([
    ['no bytes', new Uint8Array(0)],
    ['three bytes', Uint8Array.of(0x7f, 0x45, 0x4c)],
    ['bytes that only end like ELF', Uint8Array.of(0x7e, 0x45, 0x4c, 0x46)],
  ])('%s', async (_name, bytes) => {
    const error = await thrown(() => BpfObject.open(bytes, { name: 'guard' }));
    expect(error).toMatchObject({ code: 'ERR_BPF_NOT_ELF', reason: 'input' });
    expect(error.message).toContain('object "guard"');
  });

  test('an ELF file of four bytes', async () => {
    const error = await thrown(() => BpfObject.open(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46)));
    expect(error).toMatchObject({ code: 'ERR_BPF_OBJECT', reason: 'input' });
    expect(error.message).toMatch(/^object "object" cannot be read: it ends within the ELF header; /);
  });

  test.each(['mprotect', 'no_bpf'])('a program of this machine (%s)', async (name) => {
    const error = await thrown(() => BpfObject.open(program(name)));
    expect(error).toMatchObject({ code: 'ERR_BPF_OBJECT', reason: 'input', path: program(name) });
    expect(error.message).toContain('it is an ELF file that was linked');
    expect(error.hint).toContain('clang -g -target bpf -c');
  });

  test('an object without programs and maps', async () => {
    const error = await thrown(() => BpfObject.open(fixture('empty')));
    expect(error).toMatchObject({ code: 'ERR_BPF_NO_BPF', reason: 'input', path: fixture('empty') });
  });

  test('an object cut off, wherever that is', async () => {
    const whole = kinds();
    const codes = new Set<string>();
    for (let length = 4; length < whole.length; length += 61) {
      codes.add((await thrown(() => BpfObject.open(whole.subarray(0, length)))).code);
    }
    expect([...codes]).toEqual(['ERR_BPF_OBJECT']);
  });

  // libbpf answers what it cannot make sense of in many ways, and takes damage that it does not look at.
  test('an object with zeroed parts', () => {
    const whole = kinds();
    let refused = 0;
    for (let start = 0; start + 256 <= whole.length; start += 256) {
      const damaged = Uint8Array.from(whole).fill(0, start, start + 256);
      try {
        BpfObject.open(damaged).close();
      } catch (error) {
        expect(error).toBeInstanceOf(BpfError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(0);
  });
});

describe('an object is opened', () => {
  test.each([
    ['from a path', () => BpfObject.open(fixture('kinds'))],
    ['from a file URL', () => BpfObject.open(pathToFileURL(fixture('kinds')))],
    ['from bytes', () => BpfObject.open(kinds(), { name: 'kinds' })],
    ['from bytes that change afterwards', fromBytesThatChange],
  ])('%s', (_name, open) => {
    using object = open();
    expect(object.name).toBe('kinds');
    expect(Object.keys(object.programs)).toEqual(['copy_kinds', 'copy_read_only', 'send_kinds']);
    expect(Object.keys(object.maps)).toContain('by_key');
    expect(object.globals.data_s32).toBe(-70001);
  });

  test('and calls itself "object" when nothing names it', () => {
    using object = BpfObject.open(kinds());
    expect(object.name).toBe('object');
  });
});

function fromBytesThatChange() {
  const bytes = kinds();
  const object = BpfObject.open(bytes, { name: 'kinds' });
  bytes.fill(0);
  return object;
}

describe('plain JavaScript that passes the wrong thing gets a BpfError that names it:', () => {
  test.each(everyKindBut('a string', 'bytes of a wrong length'))('%s as a source', async (_name, value) => {
    const error = await thrown(() => BpfObject.open(untyped(value)));
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', reason: 'input' });
    expect(error.message).toContain('a path, a file URL or a Uint8Array');
  });

  test.each([
    new URL('https://example.com/guard.bpf.o'),
    new URL('file://elsewhere/guard.bpf.o'),
    new URL('file:///a%2Fb.bpf.o'),
    '/tmp/nul\0.bpf.o',
  ])('%s as a source', async (source) => {
    expect(await thrown(() => BpfObject.open(source))).toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
  });

  test.each(
    everyKindBut(
      'an object',
      'an object without a prototype',
      'an array',
      'a date',
      'bytes of a wrong length',
    ),
  )('%s as the options', async (_name, value) => {
    const error = await thrown(() => BpfObject.open(fixture('kinds'), untyped<OpenOptions>(value)));
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
    expect(error.message).toContain('options of BpfObject.open()');
  });

  test.each(['name', 'pinRoot', 'kconfig', 'btfPath', 'u64'])('an option %s', async (option) => {
    for (const [, value] of everyKindBut('a string', 'null')) {
      const options = untyped<object>({ [option]: value });
      const error = await thrown(() => BpfObject.open(fixture('kinds'), options));
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
      expect(error.message).toContain(option);
    }
  });

  test.each(['with.dot', 'with\0nul'])('a name %j', async (name) => {
    const error = await thrown(() => BpfObject.open(fixture('kinds'), { name }));
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', path: fixture('kinds') });
    expect(error.message).toContain('name');
  });

  test('autoload', async () => {
    using open = openKinds();
    for (const [, value] of everyKindBut('true')) {
      const error = await thrown(() => {
        open.programs.copy_kinds.autoload = untyped(value);
      });
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', message: 'autoload must be a boolean' });
    }
    expect(open.programs.copy_kinds.autoload).toBe(true);
  });

  test('maxEntries', async () => {
    using open = openKinds();
    for (const [, value] of [...everyKindBut('a number'), ['a fraction', 1.5], ['too many', 2 ** 32]]) {
      const error = await thrown(() => {
        open.maps.by_key.maxEntries = untyped(value);
      });
      expect(error.code).toBe('ERR_BPF_ARGUMENT');
      expect(error.message).toContain('maxEntries');
    }
    expect(open.maps.by_key.maxEntries).toBe(16);
  });

  test('pinPath', async () => {
    using open = openKinds();
    for (const [, value] of [...everyKindBut('a string', 'null'), ['with NUL', '/sys/fs/bpf/a\0b']]) {
      const error = await thrown(() => {
        open.maps.by_key.pinPath = untyped(value);
      });
      expect(error.code).toBe('ERR_BPF_ARGUMENT');
      expect(error.message).toContain('path');
    }
    expect(open.maps.by_key.pinPath).toBeUndefined();
  });

  test('the value of a global', async () => {
    using open = openKinds();
    for (const [, value] of everyKindBut('a number', 'a negative number', 'a bigint')) {
      const error = await thrown(() => {
        open.globals.data_s32 = value;
      });
      expect(error.code).toMatch(/^ERR_BPF_VALUE_(TYPE|RANGE)$/);
      expect(error.message).toContain('data_s32');
    }
    expect(open.globals.data_s32).toBe(-70001);
  });

  test('the keys and values of a map', async () => {
    using object = await loadKinds();
    const { by_key: byKey, by_index: byIndex, runs } = object.maps;
    for (const [, value] of everyKindBut()) {
      const wrong = untyped<never>(value);
      for (const call of [
        () => byKey.get(wrong),
        () => byKey.has(wrong),
        () => byKey.delete(wrong),
        () => byKey.set(wrong, {}),
        () => byIndex.set(0, wrong),
        () => runs.set(0, Array.isArray(wrong) ? untyped([wrong]) : wrong),
      ]) {
        expect((await thrown(call)).code).toMatch(/^ERR_BPF_VALUE_(TYPE|RANGE)$/);
      }
    }
    expect([...byKey.keys()]).toEqual([]);
  });

  test('the mode of a set', async () => {
    using object = await loadKinds();
    for (const [, value] of [...everyKindBut(), ['a property of every object', 'constructor']]) {
      const error = await thrown(() => object.maps.runs.set(0, [], untyped(value)));
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', map: 'runs' });
      expect(error.hint).toBe('use any, noexist or exist');
    }
  });

  test('the context of a run', async () => {
    using object = await loadKinds();
    for (const [, value] of everyKindBut('bytes of a wrong length')) {
      const error = await thrown(() => object.programs.copy_kinds.run(untyped(value)));
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
      expect(error.message).toContain('context');
    }
    for (const size of [0, 3, 15, 1 << 17]) {
      const error = await thrown(() => object.programs.copy_kinds.run(new Uint8Array(size)));
      expect(error).toMatchObject({ code: 'EINVAL', program: 'copy_kinds' });
    }
  });

  test('the options of an attachment', async () => {
    using object = await loadKinds();
    for (const value of [null, 5, 'text', Symbol('symbol')]) {
      const error = await thrown(() => object.programs.copy_kinds.attach(untyped(value)));
      expect(error.code).toBe('ERR_BPF_ARGUMENT');
      expect(error.message).toContain('attach()');
    }
  });

  test('a program that attaches to nothing', async () => {
    using object = await loadKinds();
    const error = await thrown(() => object.programs.copy_kinds.attach());
    expect(error).toMatchObject({ code: 'ERR_BPF_NOT_SUPPORTED', program: 'copy_kinds', hint: 'call run()' });
  });

  test('the map and the options of a RingBuffer', async () => {
    using object = await loadKinds();
    for (const [, value] of everyKindBut()) {
      const error = await thrown(() => new RingBuffer(untyped<RecordMap>(value)));
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', message: 'map must be a RecordMap' });
    }
    for (const option of ['slabSize', 'batchRecords', 'dropped', 'keepAlive']) {
      for (const [, value] of everyKindBut('a number', 'true')) {
        const error = await thrown(() => new RingBuffer(object.maps.records, untyped({ [option]: value })));
        expect(error.code).toBe('ERR_BPF_ARGUMENT');
        expect(error.message).toContain(option);
      }
    }
    expect(await thrown(() => new RingBuffer(object.maps.records, untyped(null)))).toMatchObject({
      code: 'ERR_BPF_ARGUMENT',
    });
    // None of them has left a reader behind.
    new RingBuffer(object.maps.records).close();
  });

  test('a map that is no ring buffer, to a RingBuffer', async () => {
    using object = await loadKinds();
    const error = await thrown(() => new RingBuffer(untyped<RecordMap>(object.maps.by_key)));
    expect(error).toMatchObject({ code: 'ERR_BPF_WRONG_KIND', map: 'by_key' });
  });

  test('pin paths', async () => {
    using object = await loadKinds();
    for (const [, value] of [...everyKindBut(), ['relative', 'a/b'], ['with NUL', '/tmp/a\0b']]) {
      for (const pinned of [object.maps.by_key, object.programs.copy_kinds]) {
        expect(await thrown(() => pinned.pin(untyped(value)))).toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
      }
    }
  });

  test.each([
    ['Link.open', Link.open],
    ['BpfMap.open', BpfMap.open],
    ['BpfProgram.open', BpfProgram.open],
  ])('the path of %s', async (_name, open) => {
    for (const [, value] of [...everyKindBut('a string'), ['with NUL', '/sys/fs/bpf/a\0b']]) {
      const error = await thrown(() => open(untyped(value)));
      expect(error.code).toBe('ERR_BPF_ARGUMENT');
      expect(error.message).toContain('path');
    }
    expect(await thrown(() => open('/nonexistent/pin'))).toMatchObject({
      code: 'ENOENT',
      path: '/nonexistent/pin',
    });
  });
});

describe('a name that the object does not have is an error that lists those it has:', () => {
  test('before load', async () => {
    using open = BpfObject.open(fixture('kinds'));
    const error = await thrown(() => open.programs.deny_open);
    expect(error).toMatchObject({ code: 'ERR_BPF_UNKNOWN_NAME', program: 'deny_open' });
    expect(error.message).toContain(
      'object "kinds" has no program "deny_open": it has copy_kinds, copy_read',
    );
    expect(await thrown(() => open.maps.nomap)).toMatchObject({
      code: 'ERR_BPF_UNKNOWN_NAME',
      map: 'nomap',
      message: expect.stringContaining('by_key, by_index, runs, perf_records'),
    });
    expect(await thrown(() => open.globals.noglobal)).toMatchObject({
      code: 'ERR_BPF_UNKNOWN_NAME',
      message: expect.stringContaining('data_s32'),
    });
    const assigned = await thrown(() => {
      open.globals.noglobal = 5;
    });
    expect(assigned.code).toBe('ERR_BPF_UNKNOWN_NAME');
  });

  test('after load', async () => {
    using object = await BpfObject.open(fixture('kinds')).load();
    for (const table of [object.programs, object.maps, object.globals]) {
      expect(await thrown(() => table.unknown)).toMatchObject({ code: 'ERR_BPF_UNKNOWN_NAME' });
    }
  });

  test('a program that was not to be loaded is not there afterwards', async () => {
    const open = openKinds();
    open.programs.copy_read_only.autoload = false;
    using object = await open.load();
    expect(Object.keys(object.programs)).toEqual(['copy_kinds', 'send_kinds']);
    expect(await thrown(() => object.programs.copy_read_only)).toMatchObject({
      code: 'ERR_BPF_NOT_LOADED',
      message: expect.stringContaining('its autoload was off'),
    });
    expect(object.report.copy_read_only).toEqual({ state: 'off' });
    expect(object.report.copy_kinds).toEqual({ state: 'loaded', program: object.programs.copy_kinds });
  });
});

describe('an optional program', () => {
  test('is loaded beside the others, by the same maps', async () => {
    const open = openKinds();
    open.programs.copy_read_only.optional = true;
    open.globals.data_s32 = 5;
    using object = await open.load();
    expect(object.report.copy_read_only).toEqual({
      state: 'loaded',
      program: object.programs.copy_read_only,
    });
    expect(object.globals.data_s32).toBe(5);
    expect(Object.keys(object.programs)).toContain('copy_read_only');
    object.programs.copy_read_only.run(new Uint8Array(16));
  });

  test.each(['target', 'other'])(
    'of an object with programs in a prog array is an error: %s',
    async (name) => {
      const open = BpfObject.open(fixture('slots'));
      const program = open.programs[name];
      if (!program) throw new Error('the fixture has changed');
      program.optional = true;
      const error = await thrown(() => open.load());
      if (name === 'other') {
        expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', reason: 'input', program: 'other' });
        expect(error.hint).toContain('declare the prog array empty');
      } else {
        expect(error.libbpfLog).toContain('failed to initialize slot');
      }
    },
  );

  test('takes a yes or a no', async () => {
    using open = openKinds();
    for (const [, value] of everyKindBut('true')) {
      const error = await thrown(() => {
        open.programs.copy_kinds.optional = untyped(value);
      });
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', program: 'copy_kinds' });
    }
    expect(open.programs.copy_kinds.optional).toBe(false);
  });

  test('attach targets and types must be such', async () => {
    using open = openKinds();
    for (const [, value] of everyKindBut('a string')) {
      const target = await thrown(() => {
        open.programs.copy_kinds.attachTarget = untyped(value);
      });
      const type = await thrown(() => {
        open.programs.copy_kinds.expectedAttachType = untyped(value);
      });
      expect([target.code, type.code]).toEqual(['ERR_BPF_ARGUMENT', 'ERR_BPF_ARGUMENT']);
    }
    const type = await thrown(() => {
      open.programs.copy_kinds.expectedAttachType = 'lsm_nonsense';
    });
    expect(type.message).toContain('there is no such attach type');
  });
});

describe('edits take effect', () => {
  test('maxEntries, which for a ring buffer is rounded to what the kernel takes', async () => {
    const open = openKinds();
    open.maps.by_key.maxEntries = 3;
    open.maps.records.maxEntries = 5000;
    expect(open.maps.records.maxEntries).toBe(8192);
    using object = await open.load();
    expect(object.maps.by_key.maxEntries).toBe(3);
    expect(object.maps.records.maxEntries).toBe(8192);
  });

  test('a map without entries is refused at load, and named', async () => {
    const open = openKinds();
    open.maps.by_key.maxEntries = 0;
    const error = await thrown(() => open.load());
    expect(error).toMatchObject({ code: 'EINVAL', reason: 'input', map: 'by_key' });
    expect(error.syscall).toBe('bpf(BPF_MAP_CREATE)');
    expect(error.message).toBe(
      'map "by_key" cannot be loaded: the kernel refuses its type, sizes, flags or number of entries (EINVAL); it is declared as hash with key_size 8, value_size 176, max_entries 0, map_flags 0',
    );
  });

  test('a data section that is to be pinned elsewhere than on a bpffs is refused at load, and named', async () => {
    const open = openKinds();
    open.maps['.bss'].pinPath = '/tmp/bss';
    const error = await thrown(() => open.load());
    expect(error).toMatchObject({ code: 'EINVAL', reason: 'input', map: '.bss' });
    expect(error.message).toContain('it is to be pinned to /tmp/bss, which is not on a bpffs');
    expect(error.hint).toContain('mount -t bpf');
  });
});

describe('the state of an object', () => {
  const edits = (open: ReturnType<typeof openKinds>): (() => void)[] => [
    () => {
      open.globals.data_s32 = 1;
    },
    () => open.globals.data_s32,
    () => {
      open.programs.copy_kinds.autoload = false;
    },
    () => {
      open.maps.by_key.maxEntries = 3;
    },
    () => {
      open.maps.by_key.pinPath = undefined;
    },
  ];

  async function expectRefused(open: ReturnType<typeof openKinds>, state: string): Promise<void> {
    for (const call of [...edits(open), () => open.load()]) {
      const error = await thrown(call);
      expect(error).toMatchObject({ code: 'ERR_BPF_STATE', hint: 'open the file again' });
      expect(error.message).toContain(`object "kinds" is ${state}`);
    }
  }

  test('once closed, it cannot be edited or loaded', async () => {
    const open = openKinds();
    open.close();
    open.close();
    await expectRefused(open, 'closed');
  });

  test('while and once loaded, it cannot be edited or loaded again', async () => {
    const open = openKinds();
    const loading = open.load();
    await expectRefused(open, 'loading');
    using object = await loading;
    await expectRefused(open, 'loaded');
    expect(object.programs.copy_kinds.run(new Uint8Array(16))).toBe(1);
  });

  test('closing it while it loads, and after, does nothing', async () => {
    const open = openKinds();
    const loading = open.load();
    open.close();
    using object = await loading;
    open.close();
    expect(object.programs.copy_kinds.run(new Uint8Array(16))).toBe(1);
  });

  test('a failed load closes it', async () => {
    const open = openKinds();
    open.maps.by_key.maxEntries = 0;
    await thrown(() => open.load());
    await expectRefused(open, 'closed');
  });

  test('many can load at the same time', async () => {
    const objects = await Promise.all(Array.from({ length: 8 }, () => loadKinds()));
    expect(new Set(objects.map((object) => object.programs.copy_kinds.info().id)).size).toBe(8);
    for (const object of objects) object.close();
  });

  test('a loaded object is closed as often as you like, and its parts with it', async () => {
    const object = await loadKinds();
    const { copy_kinds: copy } = object.programs;
    const { by_key: byKey } = object.maps;
    expect(object.closed).toBe(false);
    object.close();
    object.close();
    expect(object.closed).toBe(true);
    for (const call of [
      () => copy.run(new Uint8Array(16)),
      () => copy.info(),
      () => byKey.get({ id: 1, zone: 1, port: 1 }),
      () => object.globals.data_s32,
    ]) {
      expect(await thrown(call)).toMatchObject({ code: 'ERR_BPF_CLOSED' });
    }
  });
});
