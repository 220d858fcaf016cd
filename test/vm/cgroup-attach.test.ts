import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AttachOptions, BpfObject, type BpfProgram, Cgroup, type Link } from '../../src/index.js';
import { native } from '../../src/native.js';
import { bindIn } from '../support/bind-order.js';
import { useCgroupOrder } from '../support/cgroup-order.js';
import { bpfFiles } from '../support/fds.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';
import { untyped } from '../support/untyped.js';

/** Debian's 6.12 has it by backport. */
const hasOrder = kernelIsAtLeast(6, 12);

let object: BpfObject;
let cgroup: Cgroup;
const order = useCgroupOrder((own, loaded) => {
  cgroup = own;
  object = loaded;
});
const { program } = order;

/** Attaches to the cgroup unless told otherwise, until the test ends. */
function attach(name: string, options: AttachOptions = {}): Link {
  return order.attach(name, { cgroup, ...options });
}

/** What runs for a bind(2) in the cgroup, and in one below. */
async function bound(): Promise<string[]> {
  const below = cgroup.createChild('below');
  const seen = [await bindIn(cgroup, object), await bindIn(below, object)];
  below.remove();
  return seen;
}

describe.each(['bind4', 'socket_bind'])('programs on %s', (hook) => {
  test('run in the order of time when nothing else is said, below as well', async () => {
    attach(`${hook}_a`);
    attach(`${hook}_b`, { order: 'last' });
    expect(await bound()).toEqual(['0 ab', '0 ab']);
  });

  test.runIf(hasOrder)('go where they are told', async () => {
    const a = attach(`${hook}_a`);
    attach(`${hook}_b`, { order: 'first' });
    attach(`${hook}_c`, { order: { before: a } });
    attach(`${hook}_d`, { order: { after: program(`${hook}_b`) } });
    expect(await bound()).toEqual(['0 bdca', '0 bdca']);
    order.links.splice(2, 1)[0]?.close();
    attach(`${hook}_c`, { order: { after: { linkId: a.id } } });
    expect(await bound()).toEqual(['0 bdac', '0 bdac']);
  });

  test.runIf(hasOrder)(
    'run before those of all cgroups below with preorder, and after them without',
    async () => {
      const below = cgroup.createChild('beneath');
      attach(`${hook}_a`);
      attach(`${hook}_b`, { cgroup: below });
      expect(await bindIn(below, object)).toBe('0 ba');
      attach(`${hook}_c`, { preorder: true });
      expect(await bindIn(below, object)).toBe('0 cba');
      expect(await bindIn(cgroup, object)).toBe('0 ca');
    },
  );

  test.runIf(!hasOrder)('have no other order on this kernel, which says so', async () => {
    const a = attach(`${hook}_a`);
    const orders: AttachOptions[] = [
      { order: 'first' },
      { order: { before: a } },
      { order: { after: program(`${hook}_a`) } },
      { preorder: true },
      ...(hook === 'bind4' ? [{ expectedRevision: 1n }] : []),
    ];
    for (const options of orders) {
      const error = await thrown(() => program(`${hook}_b`).attach({ cgroup, ...options }));
      expect(error).toMatchObject({ code: 'ERR_BPF_NOT_SUPPORTED', reason: 'kernel', program: `${hook}_b` });
      expect(error.hint).toContain(`leave ${Object.keys(options)[0]} out`);
    }
    expect(await bindIn(cgroup, object)).toBe('0 a');
  });

  test('are attached once to a cgroup, and once more to another', async () => {
    const link = attach(`${hook}_a`);
    for (const again of [cgroup, cgroup.path]) {
      const error = await thrown(() => program(`${hook}_a`).attach({ cgroup: again }));
      expect(error).toMatchObject({ code: 'EEXIST', reason: 'input', path: cgroup.path });
    }
    const below = cgroup.createChild('another');
    attach(`${hook}_a`, { cgroup: below });
    expect(await bindIn(below, object)).toBe('0 aa');
    link.close();
    attach(`${hook}_a`);
  });
});

describe.runIf(hasOrder)('a neighbour that is none:', () => {
  test('a link of another cgroup', async () => {
    const a = attach('bind4_a');
    const below = cgroup.createChild('below');
    const error = await thrown(() => program('bind4_b').attach({ cgroup: below, order: { before: a } }));
    expect(error).toMatchObject({ code: 'ENOENT', reason: 'input', program: 'bind4_b', path: below.path });
    expect(error.message).toContain('by the link that order names');
  });

  test('a link that was closed', async () => {
    const a = attach('bind4_a');
    a.close();
    const error = await thrown(() => program('bind4_b').attach({ cgroup, order: { after: a } }));
    expect(error).toMatchObject({ code: 'ENOENT', reason: 'input' });
  });

  test('a link of a program of another kind', async () => {
    const a = attach('bind4_a');
    const error = await thrown(() => program('socket_bind_b').attach({ cgroup, order: { after: a } }));
    expect(error).toMatchObject({ code: 'ENOENT', reason: 'input', hook: 'socket_bind' });
    expect(error.message).toContain('no program on this hook');
  });

  test('a link with preorder, for one without', async () => {
    const a = attach('bind4_a', { preorder: true });
    const error = await thrown(() => program('bind4_b').attach({ cgroup, order: { after: a } }));
    expect(error).toMatchObject({ code: 'EINVAL', reason: 'input' });
    expect(error.message).toContain('attaches its program with preorder');
    attach('bind4_b', { order: { after: a }, preorder: true });
    expect(await bindIn(cgroup, object)).toBe('0 ab');
  });

  test('a program that is not attached there', async () => {
    const error = await thrown(() =>
      program('bind4_b').attach({ cgroup, order: { after: program('bind4_a') } }),
    );
    expect(error).toMatchObject({ code: 'ENOENT', reason: 'input', program: 'bind4_a' });
  });

  test('a program, where there is no cgroup to be gone', async () => {
    const nowhere = { cgroup: '/proc', order: { after: program('bind4_a') } } as const;
    const error = await thrown(() => program('bind4_b').attach(nowhere));
    expect(error).toMatchObject({ code: 'ENOENT', reason: 'input', program: 'bind4_a', path: '/proc' });
  });
});

describe('bad input:', () => {
  test.each([
    ['an order of another word', { order: untyped('middle') }],
    ['an order without a side', { order: untyped({}) }],
    ['an order with both sides', { order: untyped({ before: { linkId: 1 }, after: { linkId: 1 } }) }],
    ['a neighbour that is a number', { order: untyped({ before: 5 }) }],
    ['a neighbour without an id', { order: untyped({ before: { linkId: -1 } }) }],
    ['a revision that is a number', { expectedRevision: untyped(1) }],
    ['a revision that cannot be', { expectedRevision: 0n }],
    ['preorder that is a word', { preorder: untyped('yes') }],
    ['a cgroup that is a number', { cgroup: untyped(3) }],
    ['a cgroup that is null', { cgroup: untyped(null) }],
    ['a path with a NUL', { cgroup: '/sys/fs/cgroup/\0' }],
  ] satisfies [string, AttachOptions][])('%s', async (_, options) => {
    const error = await thrown(() => program('bind4_a').attach({ cgroup, ...options }));
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', reason: 'input' });
  });

  test.each(['order', 'preorder', 'expectedRevision'])('%s, for a program of no cgroup', async (option) => {
    using other = await BpfObject.open(fixture('deny_mkdir')).load();
    const [some] = Object.values(other.programs);
    const error = await thrown(() =>
      some?.attach({ [option]: option === 'order' ? 'first' : true } as object),
    );
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', message: expect.stringContaining(option) });
  });

  test('no such path, and a file', async () => {
    const missing = `${cgroup.path}/missing`;
    expect(await thrown(() => program('bind4_a').attach({ cgroup: missing }))).toMatchObject({
      code: 'ENOENT',
      path: missing,
      program: 'bind4_a',
    });
    expect(await thrown(() => program('bind4_a').attach({ cgroup: '/etc/passwd' }))).toMatchObject({
      code: 'ENOTDIR',
    });
  });

  test('a cgroup of version 1', async () => {
    const v1 = mkdtempSync('/tmp/cgroup-v1-');
    execFileSync('mount', ['-t', 'cgroup', '-o', 'none,name=bpf-lsm-test', 'none', v1]);
    try {
      const error = await thrown(() => program('bind4_a').attach({ cgroup: v1 }));
      expect(error).toMatchObject({ code: 'EBADF', reason: 'input', program: 'bind4_a', path: v1 });
      expect(error.message).toContain('is no cgroup v2 directory');
      expect(await thrown(() => Cgroup.open(v1))).toMatchObject({ code: 'ERR_BPF_NOT_CGROUP', path: v1 });
    } finally {
      execFileSync('umount', [v1]);
    }
  });

  test('a program that was loaded for another hook is not attached as this one', async () => {
    const error = await thrown(() =>
      program('bind4_a').attach({ cgroup, attachType: 'cgroup_inet4_connect' }),
    );
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', program: 'bind4_a' });
  });
});

describe('a cgroup that is gone', () => {
  test('is not mistaken for another of its name', async () => {
    cgroup.remove();
    const other = Cgroup.create(cgroup.path);
    const error = await thrown(() => program('bind4_a').attach({ cgroup }));
    expect(error).toMatchObject({ code: 'ERR_BPF_CGROUP_GONE', path: cgroup.path });
    expect(await bindIn(other, object)).toBe('0');
    attach('bind4_a', { cgroup: other });
    expect(await bindIn(other, object)).toBe('0 a');
    other.remove();
  });

  test.each(['bind4_a', 'socket_bind_a'])(
    'between opening and attaching is told as such: %s',
    async (name) => {
      const files = bpfFiles();
      const removedMeanwhile = {
        path: cgroup.path,
        id: cgroup.id,
        use: <T>(work: (fd: number) => T): T =>
          cgroup.use((fd) => {
            cgroup.remove();
            return work(fd);
          }),
      };
      const error = await thrown(() => program(name).attach({ cgroup: removedMeanwhile }));
      expect(error).toMatchObject({ code: 'ERR_BPF_CGROUP_GONE', reason: 'input', path: cgroup.path });
      expect(bpfFiles()).toEqual(files);
    },
  );
});

describe('expectedRevision', () => {
  const revision = (): bigint =>
    cgroup.use((fd) => {
      const type = native().attachTypeNumber('cgroup_inet4_bind') ?? 0;
      return native().cgroupPrograms(fd, type, false)?.revision ?? 0n;
    });

  test.runIf(hasOrder)('attaches only what was decided on the present state', async () => {
    const seen = revision();
    attach('bind4_a', { expectedRevision: seen });
    const error = await thrown(() => program('bind4_b').attach({ cgroup, expectedRevision: seen }));
    expect(error).toMatchObject({ code: 'ESTALE', reason: 'input', program: 'bind4_b' });
    expect(error.hint).toContain('decide again');
    expect(await bindIn(cgroup, object)).toBe('0 a');
    attach('bind4_b', { expectedRevision: revision() });
    expect(await bindIn(cgroup, object)).toBe('0 ab');
  });

  test('is refused for LSM hooks, of which no revision is told', async () => {
    const error = await thrown(() => program('socket_bind_a').attach({ cgroup, expectedRevision: 1n }));
    expect(error).toMatchObject({ code: 'ERR_BPF_NOT_SUPPORTED', reason: 'kernel', hook: 'socket_bind' });
  });
});

test('a cgroup takes 64 programs of a hook, and says so of the next', async () => {
  using crowd = await BpfObject.open(fixture('cgroup_crowd')).load();
  const [last, ...others] = Object.values(crowd.programs);
  expect(others).toHaveLength(64);
  for (const one of others) order.links.push(one.attach({ cgroup }));
  const error = await thrown(() => last?.attach({ cgroup }));
  expect(error).toMatchObject({ code: 'E2BIG', reason: 'kernel', hook: 'socket_listen', path: cgroup.path });
  expect(error.message).toContain('as many programs on this hook as it can have, 64');
  // There is room beside it, and where one has gone.
  order.links.push(last?.attach({ cgroup: cgroup.createChild('beside') }) as Link);
  order.links.shift()?.close();
  order.links.push(last?.attach({ cgroup }) as Link);
});

test('a link whose cgroup was removed says so, and nothing of it stays when it is closed', async () => {
  const alone = await BpfObject.open(fixture('cgroup_order')).load();
  const ids = Object.values(alone.programs).map((one) => one.info().id);
  const gone = ['bind4_a', 'socket_bind_a'].map((name) => alone.programs[name]?.attach({ cgroup }) as Link);
  expect(gone.map((link) => link.info())).toMatchObject([
    { defunct: false, cgroupId: cgroup.id },
    { defunct: false, cgroupId: cgroup.id },
  ]);
  cgroup.remove();
  // The kernel detaches in a worker.
  for (const link of gone) {
    await expect
      .poll(() => link.info(), { timeout: 20_000 })
      .toMatchObject({ type: 'cgroup', defunct: true, cgroupId: 0n });
    expect(await thrown(() => link.update(alone.programs.bind4_a as BpfProgram))).toMatchObject({
      code: link === gone[0] ? 'ENOLINK' : 'ERR_BPF_ARGUMENT',
    });
    link.detach();
    link.close();
  }
  alone.close();
  await expect
    .poll(() => ids.filter((id) => native().inventoryIds('program').includes(id)), { timeout: 20_000 })
    .toEqual([]);
  expect(existsSync(cgroup.path)).toBe(false);
});
