import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ExecAuditor, type Reported } from '../support/exec-audit.js';
import { Helper } from '../support/helper.js';
import { program } from '../support/objects.js';

type Environment = Record<string, string>;

function run(command: string, args: readonly string[] = [], env: Environment = {}): string {
  const { stdout, status } = spawnSync(command, args, { env, encoding: 'utf8' });
  expect(status).toBe(0);
  return stdout;
}

/** What is reported of a program that this process starts. */
async function reportOf(
  start: () => unknown,
  settings: Parameters<typeof ExecAuditor.load>[0] = {},
): Promise<Reported> {
  using audit = await ExecAuditor.load({ target_parent: process.pid, ...settings });
  audit.attach();
  await start();
  const [report, ...more] = audit.reported();
  expect(more).toEqual([]);
  if (!report) throw new Error('nothing was reported');
  const { execs, strings } = audit.stats();
  expect([execs.dropped, strings.dropped, execs.waiting, strings.waiting]).toEqual([0n, 0n, 0, 0]);
  return report;
}

describe('the example exec_audit', () => {
  test('reports arguments and environment of each program, while it is attached', async () => {
    using audit = await ExecAuditor.load({ target_parent: process.pid });
    run('/bin/true');
    expect(audit.reported()).toEqual([]);

    audit.attach();
    expect(run('/bin/sh', ['-c', 'FOO=1 exec /bin/echo a "b c"'], { BAR: '2' })).toBe('a b c\n');
    const [shell, echo, ...more] = audit.reported();
    expect(more).toEqual([]);
    expect(shell).toMatchObject({ args: ['/bin/sh', '-c', 'FOO=1 exec /bin/echo a "b c"'], env: ['BAR=2'] });
    expect(echo).toMatchObject({
      filename: '/bin/echo',
      interp: '/bin/echo',
      args: ['/bin/echo', 'a', 'b c'],
      argc: 3,
      cut: false,
      comm: 'echo',
      pid: shell?.pid,
      ppid: process.pid,
      uid: 0,
      gid: 0,
      watched_count: 0,
    });
    expect(echo?.env).toContain('FOO=1');
    expect(echo?.env).toContain('BAR=2');
    expect(echo?.env.length).toBe(echo?.envc);

    audit.detach();
    run('/bin/true');
    expect(audit.reported()).toEqual([]);
    expect(audit.stats()).toEqual({
      execs: { delivered: 2, discarded: 0, dropped: 0n, waiting: 0 },
      strings: { delivered: 2, discarded: 0, dropped: 0n, waiting: 0 },
    });
  });

  test('keeps empty strings, wherever they stand', async () => {
    const { args, env, argc } = await reportOf(() => run('/bin/true', ['', 'a', '', '', 'b', ''], { A: '' }));
    expect(args).toEqual(['/bin/true', '', 'a', '', '', 'b', '']);
    expect(argc).toBe(7);
    expect(env).toEqual(['A=']);
  });

  test('tells uid, gid and the first argument as they are', async () => {
    const options = { uid: 1234, gid: 2345, argv0: 'echo', env: { FOO: '1' } };
    const report = await reportOf(() => spawnSync('/bin/echo', ['a', 'b c'], options));
    expect(report).toMatchObject({ uid: 1234, gid: 2345, args: ['echo', 'a', 'b c'], env: ['FOO=1'] });
  });

  test('puts long arguments together from many chunks', async () => {
    const args = Array.from({ length: 40 }, (_, i) => String(i).repeat(1000 + i));
    const long = 'x'.repeat(100_000);
    const report = await reportOf(() => run('/bin/true', [...args, long], { LAST: 'end' }));
    expect(report.args).toEqual(['/bin/true', ...args, long]);
    expect(report.env).toEqual(['LAST=end']);
    expect(report.strings_sent).toBe(report.strings_size);
  });

  test('says what it cut: strings at the limit, long filenames', async () => {
    const long = `/bin${'/.'.repeat(150)}/true`;
    const report = await reportOf(() => run(long));
    expect(report).toMatchObject({
      args: [long],
      cut: false,
      filename: long.slice(0, 255),
      filename_cut: true,
    });
    const fits = `/bin${'/.'.repeat(123)}/true`;
    expect(fits.length).toBe(255);
    expect(await reportOf(() => run(fits))).toMatchObject({ filename: fits, filename_cut: false });

    const cut = await reportOf(() => run('/bin/true', ['y'.repeat(100)], { Z: 'z' }), { strings_limit: 64 });
    expect(cut).toMatchObject({ cut: true, strings_sent: 64, strings_size: 115, filename_cut: false });
    expect(cut.args).toEqual(['/bin/true', 'y'.repeat(64 - 10)]);
    expect(cut.env).toEqual([]);
  });

  test('says when strings found no room, and counts what was dropped', async () => {
    using audit = await ExecAuditor.load({ target_parent: process.pid }, 4096);
    audit.attach();
    run('/bin/true', ['v'.repeat(20_000)]);
    const [report] = audit.reported();
    expect(report).toMatchObject({ cut: true, filename: '/bin/true', strings_size: 20_011 });
    const { delivered, dropped } = audit.stats().strings;
    expect(report?.strings_sent).toBe(delivered * 1024);
    expect(dropped).toBe(1n);
  });

  test('keeps the strings of many programs apart that start at once', async () => {
    const cgroup = '/sys/fs/cgroup/many';
    mkdirSync(cgroup);
    using audit = await ExecAuditor.load({ target_cgroup: BigInt(statSync(cgroup).ino) });
    audit.attach();
    const loop = 'i=0; while [ $i -lt 12 ]; do /bin/true $0 $i "$LONG$i" & i=$((i+1)); done; wait';
    const shells = ['a', 'b', 'c'].map((name) => {
      const script = `echo $$ > ${cgroup}/cgroup.procs; ${loop}`;
      return spawn('/bin/sh', ['-c', script, name], { env: { LONG: name.repeat(3000) } });
    });
    const codes = await Promise.all(shells.map(async (shell) => (await once(shell, 'exit'))[0]));
    expect(codes).toEqual([0, 0, 0]);

    const reports = audit.reported();
    expect(audit.object.globals.exec_count).toBe(36n);
    expect(audit.stats()).toMatchObject({ execs: { delivered: 36, dropped: 0n }, strings: { dropped: 0n } });
    const expected = ['a', 'b', 'c'].flatMap((name) =>
      Array.from({ length: 12 }, (_, i) => ['/bin/true', name, `${i}`, `${name.repeat(3000)}${i}`].join(' ')),
    );
    expect(reports.map(({ args }) => args.join(' ')).sort()).toEqual(expected.sort());
    expect(reports.every(({ env, args }) => env.includes(`LONG=${args[1]?.repeat(3000)}`))).toBe(true);
    rmdirSync(cgroup);
  });

  test('watches one variable: its value, how often it is set, or that it is not', async () => {
    const watch = { watched_name: 'WATCHED' };
    const set = await reportOf(() => run('/bin/true', [], { A: '1', WATCHED: 'of interest', B: '2' }), watch);
    expect(set).toMatchObject({ watched: 'of interest', watched_count: 1, watchedCut: false });

    const not = await reportOf(
      () => run('/bin/true', ['WATCHED=argument'], { WATCHED_TOO: 'x', XWATCHED: 'y' }),
      watch,
    );
    expect(not).toMatchObject({ watched: undefined, watched_count: 0, watched_unknown: false });

    const empty = await reportOf(() => run('/bin/true', ['', ''], { WATCHED: '' }), watch);
    expect(empty).toMatchObject({ watched: '', watched_count: 1 });

    using helper = new Helper(program('exec_ways'));
    const twice = await reportOf(() => helper.ask('twice', '/bin/true'), {
      ...watch,
      target_parent: helper.pid,
    });
    expect(twice).toMatchObject({ watched: 'first', watched_count: 2 });
    expect(twice.env).toEqual(['WATCHED=first', 'OTHER=1', 'WATCHED=second']);
  });

  test('finds it after more than it reports, and cuts only a value above 4 KiB', async () => {
    const settings = { watched_name: 'WATCHED', strings_limit: 100, target_parent: process.pid };
    using audit = await ExecAuditor.load(settings);
    audit.attach();
    const args = ['a'.repeat(117), 'b'.repeat(126), '', 'c'.repeat(127), 'd'.repeat(10_000)];
    for (const length of [0, 126, 127, 128, 4096]) {
      const value = 'w'.repeat(length);
      run('/bin/true', args, { A: '1', WATCHED: value });
      const found = { cut: true, watched: value, watched_count: 1, watchedCut: false };
      expect(audit.reported()).toMatchObject([found]);
    }
    run('/bin/true', [], { WATCHED: 'w'.repeat(5000) });
    const cut = { watched: 'w'.repeat(4096), watched_size: 5000, watchedCut: true };
    expect(audit.reported()).toMatchObject([cut]);
  });

  test('takes names of every length up to 47 characters, while it is attached', async () => {
    using audit = await ExecAuditor.load({ target_parent: process.pid });
    audit.attach();
    for (const length of [1, 7, 8, 9, 15, 16, 46, 47]) {
      const name = 'N'.repeat(length);
      audit.object.globals.watched_name = name;
      run('/bin/true', [], { [`${name}N`]: 'longer', [name]: 'right', [name.slice(1) || 'M']: 'shorter' });
      expect(audit.reported()).toMatchObject([{ watched: 'right', watched_count: 1 }]);
    }
  });

  test('reports a cgroup with what is below it, and nothing beside it', async () => {
    const cgroup = '/sys/fs/cgroup/audited';
    mkdirSync(cgroup);
    using audit = await ExecAuditor.load({ target_cgroup: BigInt(statSync(cgroup).ino) });
    audit.attach();
    run('/bin/true');
    run('/bin/sh', ['-c', `echo $$ > ${cgroup}/cgroup.procs; exec /bin/echo inside`]);
    expect(audit.reported().map(({ args }) => args)).toEqual([['/bin/echo', 'inside']]);
    rmdirSync(cgroup);
  });
});
