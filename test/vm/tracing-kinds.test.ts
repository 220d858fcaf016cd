import { closeSync, mkdirSync, openSync, rmdirSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BpfObject, BpfProgram, type Link } from '../../src/index.js';
import { native } from '../../src/native.js';
import { tryMkdir } from '../support/directory.js';
import { bpfFiles } from '../support/fds.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';

interface Trace {
  runs: bigint;
  cookie: bigint;
  result: bigint;
}

interface TraceKinds {
  programs:
    | 'lsm_program'
    | 'lsm_sleepable'
    | 'fentry_program'
    | 'fexit_program'
    | 'fmod_ret_program'
    | 'tp_btf_program'
    | 'raw_tp_program'
    | 'kprobe_program'
    | 'kretprobe_program'
    | 'tracepoint_program'
    | 'syscall_program'
    | 'iter_task'
    | 'iter_map'
    | 'iter_cgroup';
  maps: { numbers: { key: number; value: bigint } };
  globals: {
    target_pid: number;
    modified: number;
    on_lsm: Trace;
    on_lsm_sleepable: Trace;
    on_fentry: Trace;
    on_fexit: Trace;
    on_fmod_ret: Trace;
    on_tp_btf: Trace;
    on_raw_tp: Trace;
    on_kprobe: Trace;
    on_kretprobe: Trace;
    on_tracepoint: Trace;
    on_syscall: Trace;
  };
}

let object: BpfObject<TraceKinds>;
let before: string[];

beforeAll(async () => {
  before = bpfFiles();
  object = await BpfObject.open<TraceKinds>(fixture('trace_kinds')).load();
  // The main thread, whose id is the process's.
  object.globals.target_pid = process.pid;
});

afterAll(() => {
  object?.close();
  expect(bpfFiles()).toEqual(before);
});

/** Each kind by its program, its counter, and what the link tells. */
const KINDS = [
  ['lsm', 'lsm_program', 'on_lsm', { type: 'tracing', attachType: 'lsm_mac', target: 'bpf_lsm_inode_mkdir' }],
  [
    'lsm.s',
    'lsm_sleepable',
    'on_lsm_sleepable',
    { type: 'tracing', attachType: 'lsm_mac', target: 'bpf_lsm_file_open' },
  ],
  [
    'fentry',
    'fentry_program',
    'on_fentry',
    { type: 'tracing', attachType: 'trace_fentry', target: 'security_inode_mkdir' },
  ],
  [
    'fexit',
    'fexit_program',
    'on_fexit',
    { type: 'tracing', attachType: 'trace_fexit', target: 'security_inode_mkdir' },
  ],
  [
    'fmod_ret',
    'fmod_ret_program',
    'on_fmod_ret',
    { type: 'tracing', attachType: 'modify_return', target: 'security_inode_mkdir' },
  ],
  ['tp_btf', 'tp_btf_program', 'on_tp_btf', { type: 'raw_tracepoint', target: 'sys_enter' }],
  ['raw_tp', 'raw_tp_program', 'on_raw_tp', { type: 'raw_tracepoint', target: 'sys_enter' }],
  ['kprobe', 'kprobe_program', 'on_kprobe', { type: 'perf_event' }],
  ['kretprobe', 'kretprobe_program', 'on_kretprobe', { type: 'perf_event' }],
  ['tracepoint', 'tracepoint_program', 'on_tracepoint', { type: 'perf_event' }],
] as const;

/** Does what every one of them is on. */
function act(): void {
  expect(tryMkdir()).toBe('0');
  closeSync(openSync('/dev/null', 'r'));
}

const PERF_EVENTS = {
  kprobe: { event: 'kprobe', target: 'security_inode_mkdir', offset: 0 },
  kretprobe: { event: 'kretprobe', target: 'security_inode_mkdir', offset: 0 },
  tracepoint: { event: 'tracepoint', target: 'sys_enter_mkdir' },
} as const;

describe.each(KINDS)('a program in %s/', (kind, program, counter, described) => {
  test('runs while it is attached, and not before or after', () => {
    const runs = () => object.globals[counter].runs;
    const start = runs();
    act();
    expect(runs()).toBe(start);
    const link = object.programs[program].attach();
    act();
    const during = runs();
    expect(during).toBeGreaterThan(start);
    expect(link.info()).toMatchObject({ ...described, programId: object.programs[program].info().id });
    link.close();
    const after = runs();
    act();
    expect(runs()).toBe(after);
  });

  test('is told by its link', () => {
    using link = object.programs[program].attach();
    const info = link.info();
    if (info.type === 'perf_event') {
      const event = PERF_EVENTS[kind as keyof typeof PERF_EVENTS];
      if (kernelIsAtLeast(6, 6)) expect(info).toMatchObject(event);
      else expect(info).not.toHaveProperty('event');
    }
    expect(object.programs[program].target).toBeDefined();
  });

  test('takes a cookie where the kernel has them', async () => {
    const cookie = 0xfedc_ba98_7654_3210n;
    const raw = kind === 'tp_btf' || kind === 'raw_tp';
    if (raw && !kernelIsAtLeast(6, 10)) {
      const error = await thrown(() => object.programs[program].attach({ cookie }));
      expect(error).toMatchObject({ code: 'EINVAL', reason: 'kernel' });
      expect(error.message).toContain('no cookies for raw tracepoints');
      return;
    }
    using link = object.programs[program].attach({ cookie });
    act();
    // bpf_get_attach_cookie() is not for raw tracepoints before Linux 6.10, so the fixture does not call it there.
    if (!raw && kind !== 'lsm.s') expect(object.globals[counter].cookie).toBe(cookie);
    const info = link.info();
    if ('cookie' in info) expect(info.cookie).toBe(cookie);
    expect('cookie' in info).toBe(info.type === 'perf_event' ? kernelIsAtLeast(6, 9) : kernelIsAtLeast(7, 3));
  });
});

describe('what they see', () => {
  test('fexit and kretprobe: the result; fmod_ret makes it', () => {
    using _fexit = object.programs.fexit_program.attach();
    using _kretprobe = object.programs.kretprobe_program.attach();
    using link = object.programs.fmod_ret_program.attach();
    expect(tryMkdir()).toBe('0');
    expect([object.globals.on_fexit.result, object.globals.on_kretprobe.result]).toEqual([0n, 0n]);
    object.globals.modified = -13;
    expect(tryMkdir()).toBe('EACCES');
    expect([object.globals.on_fexit.result, object.globals.on_kretprobe.result]).toEqual([-13n, -13n]);
    link.close();
    expect(tryMkdir()).toBe('0');
    object.globals.modified = 0;
  });

  test('a syscall program is run, and not attached', async () => {
    const { runs } = object.globals.on_syscall;
    expect(object.programs.syscall_program.run()).toBe(7);
    expect(object.globals.on_syscall.runs).toBe(runs + 1n);
    expect(await thrown(() => object.programs.syscall_program.attach())).toMatchObject({
      code: 'ERR_BPF_NOT_SUPPORTED',
      hint: 'call run()',
    });
  });
});

describe('where they attach', () => {
  test('is chosen by attach() for kprobes and tracepoints', () => {
    const { kprobe_program: kprobe, tracepoint_program: tracepoint, raw_tp_program: raw } = object.programs;
    using _probe = kprobe.attach({ target: 'security_inode_rmdir' });
    using _point = tracepoint.attach({ target: 'syscalls/sys_enter_rmdir' });
    using exit = raw.attach({ target: 'sys_exit' });
    expect(exit.info()).toMatchObject({ target: 'sys_exit' });
    const runs = () => [object.globals.on_kprobe.runs, object.globals.on_tracepoint.runs] as const;
    const path = '/dev/shm/bpf-lsm-where';
    const [probed, pointed] = runs();
    mkdirSync(path);
    expect(runs()).toEqual([probed, pointed]);
    rmdirSync(path);
    expect(runs()).toEqual([probed + 1n, pointed + 1n]);
  });

  test.each([
    ['kprobe_program', 'no_such_function', /cannot probe no_such_function/],
    ['kprobe_program', 'security_inode_mkdir+0xfffff', /cannot probe security_inode_mkdir/],
    ['tracepoint_program', 'sched/no_such_event', /no tracepoint sched\/no_such_event/],
    ['raw_tp_program', 'no_such_event', /no tracepoint no_such_event/],
  ] as const)('%s: %s is refused, and said so', async (program, target, message) => {
    const error = await thrown(() => object.programs[program].attach({ target }));
    expect(error).toMatchObject({ reason: 'kernel', program });
    expect(error.message).toMatch(message);
  });

  test.each([
    ['kprobe_program', { target: 'a b' }],
    ['tracepoint_program', { target: 'no_category' }],
    ['tracepoint_program', { target: '../../etc/passwd' }],
    ['fentry_program', { target: 'do_unlinkat' }],
    ['lsm_program', { cgroup: '/sys/fs/cgroup' }],
    ['lsm_program', { iterate: { pid: 1 } }],
    ['raw_tp_program', { allowInactive: true }],
    ['iter_task', { cookie: 5n }],
  ] as const)('%s does not take %o', async (program, options) => {
    const error = await thrown(() => object.programs[program].attach(options));
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', reason: 'input', program });
  });
});

describe('an iterator', () => {
  test('shows every task, as often as it is read, and in pieces', async () => {
    using link = object.programs.iter_task.attach();
    expect(link.info()).toMatchObject({ type: 'iter', target: 'task' });
    for (let i = 0; i < 2; i++) {
      const lines = (await link.text()).trimEnd().split('\n');
      expect(lines.map((line) => line.split(' ')[0])).toContain(String(process.pid));
      expect(lines[0]).toMatch(/^1 /);
    }
    for await (const piece of link.read()) {
      expect(piece).toMatch(/^1 /);
      break;
    }
  });

  test('shows the tasks of one process', async () => {
    using link = object.programs.iter_task.attach({ iterate: { pid: process.pid } });
    expect(link.info()).toMatchObject({ type: 'iter', target: 'task', pid: process.pid });
    expect(await link.text()).toMatch(new RegExp(`^${process.pid} \\S+\n$`));
  });

  test('shows the elements of a map', async () => {
    for (const key of [1, 2, 3]) object.maps.numbers.set(key, BigInt(key * key));
    using link = object.programs.iter_map.attach({ iterate: { map: object.maps.numbers } });
    expect(link.info()).toMatchObject({
      target: 'bpf_map_elem',
      mapId: native().mapInfo(object.maps.numbers.handle).id,
    });
    expect((await link.text()).trimEnd().split('\n').sort()).toEqual(['1=1', '2=4', '3=9']);
  });

  test('shows cgroups in an order', async () => {
    const paths = ['/sys/fs/cgroup/iterated', '/sys/fs/cgroup/iterated/below'] as const;
    for (const path of paths) mkdirSync(path);
    const ids = paths.map((path) => String(statSync(path).ino));
    const walk = async (order?: 'self_only' | 'descendants_post') => {
      using link = object.programs.iter_cgroup.attach({
        iterate: { cgroup: paths[0], ...(order && { order }) },
      });
      expect(link.info()).toMatchObject({ target: 'cgroup', cgroupId: BigInt(statSync(paths[0]).ino) });
      return (await link.text()).trimEnd().split('\n');
    };
    expect(await walk()).toEqual(ids);
    expect(await walk('descendants_post')).toEqual([...ids].reverse());
    expect(await walk('self_only')).toEqual(ids.slice(0, 1));
    for (const path of [...paths].reverse()) rmdirSync(path);
  });

  test('over maps must be told which, and says so', async () => {
    const error = await thrown(() => object.programs.iter_map.attach());
    expect(error).toMatchObject({ reason: 'input', program: 'iter_map' });
    expect(error.message).toContain('must be told what to walk over');
  });

  test('is not what other links are', async () => {
    using link = object.programs.fentry_program.attach();
    const error = await thrown(() => link.text());
    expect(error).toMatchObject({ code: 'ERR_BPF_NOT_SUPPORTED' });
    expect(error.message).toContain('of no iterator but of type tracing');
  });
});

describe('a program opened from its pin', () => {
  const path = '/sys/fs/bpf/tracing-kinds';

  async function pinned<T>(
    program: TraceKinds['programs'],
    use: (opened: BpfProgram) => T,
  ): Promise<Awaited<T>> {
    const { rmSync } = await import('node:fs');
    object.programs[program].pin(path);
    try {
      using opened = BpfProgram.open(path);
      return await use(opened);
    } finally {
      rmSync(path);
    }
  }

  function runsWith(link: Link, counter: (typeof KINDS)[number][2]): boolean {
    const { runs } = object.globals[counter];
    act();
    link.close();
    return object.globals[counter].runs > runs;
  }

  test.each([
    ['lsm_program', 'on_lsm'],
    ['fentry_program', 'on_fentry'],
    ['fexit_program', 'on_fexit'],
    ['fmod_ret_program', 'on_fmod_ret'],
    ['tp_btf_program', 'on_tp_btf'],
  ] as const)('%s attaches as it was loaded', async (program, counter) => {
    await pinned(program, (opened) => {
      expect(runsWith(opened.attach(), counter)).toBe(true);
    });
  });

  test('an LSM program knows its hook', async () => {
    await pinned('lsm_program', (opened) => {
      expect(opened).toMatchObject({ type: 'lsm', hook: 'inode_mkdir', attachType: 'lsm_mac' });
    });
  });

  test('a tracing program takes a cookie', async () => {
    const cookie = 77n;
    await pinned('fexit_program', (opened) => {
      expect(runsWith(opened.attach({ cookie }), 'on_fexit')).toBe(true);
    });
    expect(object.globals.on_fexit.cookie).toBe(cookie);
  });

  test('an iterator is read', async () => {
    const text = await pinned('iter_task', async (opened) => {
      using link = opened.attach();
      return link.text();
    });
    expect(text).toContain(`${process.pid} `);
  });

  test('a raw tracepoint and a tracepoint must be told where', async () => {
    await pinned('raw_tp_program', async (opened) => {
      const error = await thrown(() => opened.attach());
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', hint: expect.stringContaining('target') });
      expect(runsWith(opened.attach({ target: 'sys_enter' }), 'on_raw_tp')).toBe(true);
    });
    await pinned('tracepoint_program', (opened) => {
      expect(runsWith(opened.attach({ target: 'syscalls/sys_enter_mkdir' }), 'on_tracepoint')).toBe(true);
    });
  });

  test('a kprobe cannot be attached, and says why', async () => {
    await pinned('kprobe_program', async (opened) => {
      const error = await thrown(() => opened.attach());
      expect(error).toMatchObject({ code: 'ERR_BPF_NOT_SUPPORTED' });
      expect(error.message).toContain('does not tell whether it is a kprobe or a kretprobe');
    });
  });
});
