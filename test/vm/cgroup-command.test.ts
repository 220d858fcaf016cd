import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BpfObject, type BpfProgram, type Cgroup, type Link } from '../../src/index.js';
import { TestCgroup } from '../support/cgroup-contract.js';
import { fixture } from '../support/objects.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function tree(...args: string[]) {
  return spawnSync(process.execPath, [CLI, 'cgroup', 'tree', ...args], { encoding: 'utf8' });
}

describe('bpf-lsm cgroup tree', () => {
  let own: TestCgroup;
  let parent: Cgroup;
  let object: BpfObject;
  let links: Link[];
  const idOf = (name: string) => (object.programs[name] as BpfProgram).info().id;

  beforeAll(async () => {
    own = new TestCgroup();
    parent = own.cgroup;
    const child = parent.createChild('child');
    parent.createChild('empty');
    object = await BpfObject.open(fixture('cgroup_order')).load();
    links = [
      object.programs.socket_bind_a?.attach({ cgroup: parent }),
      object.programs.takes_back?.attach({ cgroup: parent }),
      object.programs.bind4_b?.attach({ cgroup: child }),
    ] as Link[];
  });

  afterAll(() => {
    for (const link of links) link.close();
    object.close();
    own[Symbol.dispose]();
  });

  test('draws what is attached, and leaves out where nothing is', () => {
    const { stdout, stderr, status } = tree(parent.path);
    expect([stderr, status]).toEqual(['', 0]);
    expect(stdout.split('\n').map((line) => line.replace(/ {2}revision \d+$/, ''))).toEqual([
      parent.path,
      '│  socket_bind (lsm_cgroup)',
      `│    0  ${idOf('socket_bind_a')}  socket_bind_a  link ${links[0]?.id}`,
      `│    1  ${idOf('takes_back')}  takes_back  link ${links[1]?.id}`,
      '└─ child',
      '      cgroup_inet4_bind',
      `        0  ${idOf('bind4_b')}  bind4_b  link ${links[2]?.id}`,
      '',
    ]);
  });

  test('draws what runs, by one hook alone, what may not hold, and cgroups without programs', () => {
    const options = ['--effective', '--hook', 'socket_bind', '--weaknesses', '--all'];
    const { stdout, status } = tree(parent.path, ...options);
    expect(status).toBe(0);
    expect(stdout).toContain(`socket_bind_a  link ${links[0]?.id}  from ${parent.path}\n`);
    expect(stdout).toContain(`! program ${idOf('takes_back')} "takes_back" on socket_bind at ${parent.path}`);
    expect(stdout).toContain('─ empty\n');
    expect(stdout).not.toContain('bind4_b');
  });

  test('prints JSON, from the top of the hierarchy', () => {
    const { stdout, status } = tree('--json');
    expect(status).toBe(0);
    const { path, children } = JSON.parse(stdout) as { path: string; children: { path: string }[] };
    expect(path).toBe(parent.parent?.path);
    expect(children.find((child) => child.path === parent.path)).toMatchObject({
      id: `${parent.id}`,
      lists: [
        { hook: 'socket_bind', programs: [{ programName: 'socket_bind_a' }, { linkId: links[1]?.id }] },
      ],
      children: [{ lists: [{ attachType: 'cgroup_inet4_bind' }] }, { lists: [], children: [] }],
    });
  });

  test('says what is no cgroup', () => {
    const { stderr, status } = tree('/tmp');
    expect(status).toBe(1);
    expect(stderr).toContain('bpf-lsm: /tmp is no cgroup');
  });
});
