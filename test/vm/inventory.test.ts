import { spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExecCount } from '../../examples/types/exec_count.js';
import type { MprotectGuard } from '../../examples/types/mprotect_guard.js';
import { BpfObject, enableRunStatistics, type Inventory, inventory, type Link } from '../../src/index.js';
import { Child } from '../support/child.js';
import { fixture, shipped } from '../support/objects.js';
import { Target } from '../support/target.js';

const PINS = '/sys/fs/bpf/inventory-test';
const SECOND = '/run/second-bpffs';
const CGROUP = '/sys/fs/cgroup/inventory-test';
const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

interface Shown {
  id: number;
  [field: string]: unknown;
}

/** What bpftool shows of everything of a kind, with the pins it finds. */
function bpftool(kind: 'prog' | 'map' | 'link' | 'btf'): Shown[] {
  const { stdout } = spawnSync('bpftool', ['-j', '-f', kind, 'show'], { encoding: 'utf8' });
  return JSON.parse(stdout) as Shown[];
}

/**
 * The same of one object. In a list, bpftool up to 7.1 shows a ring buffer with the BTF of the object before it on Linux
 * 7.3, which leaves fields alone that do not apply (kernel/bpf/syscall.c bpf_map_get_info_by_fd()).
 */
function alone(kind: 'map', id: number): Shown {
  const { stdout } = spawnSync('bpftool', ['-j', '-f', kind, 'show', 'id', String(id)], { encoding: 'utf8' });
  return JSON.parse(stdout) as Shown;
}

function run(...args: string[]): void {
  const [program = '', ...rest] = args;
  const { status, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
}

let counter: BpfObject<ExecCount>;
let guarded: BpfObject<MprotectGuard>;
let sleeper: BpfObject;
let counting: Link;
let inCgroup: Link;
let holder: Child;
let victim: Target;
let found: Inventory;

// Loaded, attached everywhere and to a cgroup, pinned twice over, and held by another process.
beforeAll(async () => {
  mkdirSync(PINS, { recursive: true });
  mkdirSync(CGROUP);
  counter = await BpfObject.open<ExecCount>(shipped('examples/exec_count')).load();
  guarded = await BpfObject.open<MprotectGuard>(shipped('examples/mprotect_guard')).load();
  const open = BpfObject.open(fixture('may_sleep'));
  const long = open.programs.try_bprm_committed_creds;
  if (long) long.autoload = true;
  sleeper = await open.load();
  counting = counter.programs.count_exec.attach();
  counting.pin(`${PINS}/nested/counting`);
  counter.maps.execs_by_comm.pin(`${PINS}/execs`);
  counter.programs.count_exec.pin(`${PINS}/program`);
  run('ln', `${PINS}/execs`, `${PINS}/execs-again`);

  const deny = await BpfObject.open(fixture('cgroup_deny')).load();
  const [program] = Object.values(deny.programs);
  if (!program) throw new Error('no program');
  inCgroup = program.attach({ cgroup: CGROUP });
  deny.close();

  victim = new Target();
  holder = new Child('guard-and-wait', [String(victim.pid)]);
  await holder.message();
  found = await inventory();
}, 120_000);

afterAll(async () => {
  holder[Symbol.dispose]();
  victim[Symbol.dispose]();
  await holder.ended();
  for (const pin of ['nested/counting', 'execs', 'execs-again', 'program']) unlinkSync(`${PINS}/${pin}`);
  rmdirSync(`${PINS}/nested`);
  rmdirSync(PINS);
  for (const link of [counting, inCgroup]) link.close();
  for (const object of [counter, guarded, sleeper]) object.close();
  rmdirSync(CGROUP);
});

describe('the inventory equals what bpftool shows', () => {
  test('of programs', () => {
    const shown = bpftool('prog');
    expect(shown.length).toBeGreaterThanOrEqual(5);
    const ours = found.programs.map((program) => ({
      id: program.id,
      type: program.type,
      name: program.name,
      tag: program.tag,
      gpl_compatible: program.gplCompatible,
      uid: program.uid,
      bytes_xlated: program.xlatedBytes,
      jited: program.jitedBytes > 0,
      bytes_jited: program.jitedBytes,
      bytes_memlock: program.memoryBytes,
      map_ids: program.mapIds,
      btf_id: program.btfId,
      pinned: program.pins,
    }));
    expect(ours).toEqual(
      // bpftool 7.5 tells of orphans too.
      shown.map(({ loaded_at, map_ids = [], run_cnt, run_time_ns, orphaned, ...rest }) => ({
        map_ids,
        ...rest,
      })),
    );
    for (const [i, { loaded_at }] of shown.entries()) {
      const seconds = (found.programs[i]?.loadTime.getTime() ?? 0) / 1000;
      // bpftool rounds to whole seconds, and each asked at a moment of its own for the time since boot.
      expect(Math.abs(seconds - Number(loaded_at))).toBeLessThanOrEqual(2);
    }
  });

  test('of maps', () => {
    const ours = found.maps.map((map) => ({
      id: map.id,
      type: map.type,
      name: map.name,
      flags: map.flags,
      bytes_key: map.keySize,
      bytes_value: map.valueSize,
      max_entries: map.maxEntries,
      bytes_memlock: map.memoryBytes,
      frozen: map.frozen ? 1 : 0,
      btf_id: map.btfId,
      pinned: map.pins,
    }));
    expect(ours).toEqual(bpftool('map').map((map) => (map.type === 'ringbuf' ? alone('map', map.id) : map)));
  });

  test('of links', () => {
    const ours = found.links.map((link) => {
      const { id, type, programId: prog_id, pins: pinned } = link;
      const prog_type = found.programs.find((program) => program.id === prog_id)?.type;
      switch (link.type) {
        case 'tracing':
          return { id, type, prog_id, prog_type, attach_type: link.attachType, pinned };
        case 'cgroup':
          return {
            id,
            type,
            prog_id,
            cgroup_id: Number(link.cgroupId),
            attach_type: link.attachType,
            pinned,
          };
        default:
          return { id, type, prog_id, pinned };
      }
    });
    // Newer bpftools also print the BTF ids of the target.
    const shown = bpftool('link').map(({ target_obj_id, target_btf_id, ...rest }) => rest);
    expect(ours).toEqual(shown);
    expect(ours.map(({ type }) => type)).toEqual(expect.arrayContaining(['tracing', 'cgroup']));
  });

  test('of BTF objects', () => {
    const sorted = (ids: unknown) => [...(ids as number[])].sort((a, b) => a - b);
    const ours = found.btf.map(({ id, bytes, name, kernel, programIds, mapIds }) => ({
      id,
      size: bytes,
      prog_ids: programIds,
      map_ids: mapIds,
      kernel,
      name: name ?? '<anon>',
    }));
    const shown = bpftool('btf').map(({ prog_ids, map_ids, name = '<anon>', ...rest }) => ({
      ...rest,
      prog_ids: sorted(prog_ids),
      map_ids: sorted(map_ids),
      name,
    }));
    expect(ours).toEqual(shown);
    expect(ours[0]).toMatchObject({ name: 'vmlinux', kernel: true });
  });
});

describe('the inventory tells besides', () => {
  test('the hook of every LSM program, its links, and the whole of a long name', () => {
    const { id } = counter.programs.count_exec.info();
    expect(found.programs.find((program) => program.id === id)).toMatchObject({
      hook: 'bprm_committed_creds',
      target: 'bpf_lsm_bprm_committed_creds',
      linkIds: [counting.id],
    });
    expect(found.programs.map(({ name }) => name)).toContain('try_bprm_committed_creds');
    expect(found.links.find((link) => link.id === counting.id)).toMatchObject({
      type: 'tracing',
      hook: 'bprm_committed_creds',
      pins: [`${PINS}/nested/counting`],
    });
  });

  test('where a cgroup link is', () => {
    expect(found.links.find((link) => link.id === inCgroup.id)).toMatchObject({
      type: 'cgroup',
      cgroupId: BigInt(statSync(CGROUP).ino),
      cgroupPath: CGROUP,
    });
  });

  test('who has what open', () => {
    const ours = counter.programs.count_exec.info().id;
    const holders = (id: number) => found.programs.find((program) => program.id === id)?.holders ?? [];
    expect(holders(ours).map(({ pid }) => pid)).toEqual([process.pid]);
    expect(holders(ours)[0]?.fds.length).toBeGreaterThan(0);

    const theirs = found.programs.filter(({ hook }) => hook === 'file_mprotect');
    expect(theirs.map(({ holders }) => holders.map(({ pid }) => pid)).sort()).toEqual(
      [[process.pid], [holder.pid]].sort(),
    );
    const attached = found.links.filter(({ hook }) => hook === 'file_mprotect');
    expect(attached.map(({ holders }) => holders)).toEqual([
      [{ pid: holder.pid, comm: 'node', fds: [expect.any(Number)] }],
    ]);
  });

  test('every pin once, however often and wherever its bpffs is mounted', async () => {
    const pinsOf = async () => {
      const { maps, links } = await inventory();
      return [...maps, ...links].flatMap(({ pins }) => pins).sort();
    };
    const once = [`${PINS}/execs`, `${PINS}/execs-again`, `${PINS}/nested/counting`];
    expect(await pinsOf()).toEqual(once);
    for (const directory of [SECOND, `${PINS}/hidden`]) mkdirSync(directory);
    run('mount', '--bind', '/sys/fs/bpf', SECOND);
    run('mount', '-t', 'bpf', 'bpf', `${PINS}/hidden`);
    guarded.maps['.bss'].pin(`${PINS}/hidden/counters`);
    try {
      expect(await pinsOf()).toEqual([...once, `${PINS}/hidden/counters`].sort());
      // What another mount hides is not reached.
      run('mount', '-t', 'tmpfs', 'none', `${PINS}/hidden`);
      expect(await pinsOf()).toEqual(once);
      run('umount', `${PINS}/hidden`);
    } finally {
      run('umount', `${PINS}/hidden`);
      run('umount', SECOND);
      for (const directory of [SECOND, `${PINS}/hidden`]) rmdirSync(directory);
    }
    expect(await pinsOf()).toEqual(once);
  });

  test('how often programs ran, while statistics are on', async () => {
    const { id } = counter.programs.count_exec.info();
    const runs = async () => (await inventory()).programs.find((program) => program.id === id)?.runCount;
    const before = await runs();
    run('true');
    expect(await runs()).toBe(before);
    {
      using _statistics = enableRunStatistics();
      run('true');
      run('true');
      expect(await runs()).toBe((before ?? 0n) + 2n);
    }
    run('true');
    expect(await runs()).toBe((before ?? 0n) + 2n);
    const program = (await inventory()).programs.find((one) => one.id === id);
    expect(program?.runTimeNs).toBeGreaterThan(0n);
    expect(bpftool('prog').find((shown) => shown.id === id)).toMatchObject({
      run_cnt: Number(program?.runCount),
      run_time_ns: Number(program?.runTimeNs),
    });
  });

  test('nothing of what is gone', async () => {
    const gone = await BpfObject.open<ExecCount>(shipped('examples/exec_count')).load();
    const { id } = gone.programs.count_exec.info();
    expect((await inventory()).programs.map((program) => program.id)).toContain(id);
    gone.close();
    expect((await inventory()).programs.map((program) => program.id)).not.toContain(id);
  });
});

test('bpf-lsm ls lists the programs by their hooks', { timeout: 240_000 }, () => {
  const { stdout } = spawnSync(
    process.execPath,
    [command, 'ls', '--hook', 'bprm_committed_creds', '--pins'],
    {
      encoding: 'utf8',
    },
  );
  expect(stdout).toMatch(/^hook +attached +id +name +tag +uid +age +runs +pins +open in\n/);
  expect(stdout).toMatch(
    new RegExp(`\\nbprm_committed_creds +everywhere +\\d+ +count_exec .* ${PINS}/program +1\\n`),
  );
  expect(stdout).toMatch(/\nbprm_committed_creds +no +\d+ +try_bprm_committed_creds /);
  expect(stdout).not.toContain('file_mprotect');
});
