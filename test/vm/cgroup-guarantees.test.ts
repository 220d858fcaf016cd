import { describe, expect, test } from 'vitest';
import { type AttachOptions, type BpfObject, Cgroup, type Link } from '../../src/index.js';
import { bindIn } from '../support/bind-order.js';
import { useCgroupOrder } from '../support/cgroup-order.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { attachWithoutLink } from '../support/legacy.js';
import { thrown } from '../support/thrown.js';

/** Debian's 6.12 has it by backport. */
const hasOrder = kernelIsAtLeast(6, 12);

let object: BpfObject;
let parent: Cgroup;
let child: Cgroup;
const order = useCgroupOrder((own, loaded) => {
  parent = own;
  child = parent.createChild('child');
  object = loaded;
});
const { program } = order;

function attach(name: string, cgroup: Cgroup, options: AttachOptions = {}): Link {
  return order.attach(name, { cgroup, ...options });
}

describe('a denial', () => {
  test.each(['denies', 'bind4_denies'])(
    'holds for the cgroup and those below, and nowhere else: %s',
    async (name) => {
      const sibling = parent.createChild('sibling');
      const everywhere = async () => {
        const seen: string[] = [];
        for (const cgroup of [child, child.createChild('x'), sibling, parent, Cgroup.root()]) {
          seen.push((await bindIn(cgroup, object)).slice(0, 5).trim());
        }
        child.child('x').remove();
        return seen;
      };
      expect(await everywhere()).toEqual(['0', '0', '0', '0', '0']);
      const link = attach(name, child);
      expect(await everywhere()).toEqual(['EPERM', 'EPERM', '0', '0', '0']);
      link.close();
      expect(await everywhere()).toEqual(['0', '0', '0', '0', '0']);
    },
  );

  test('of a cgroup above stands, whatever those below say', async () => {
    const above = attach('denies', parent, { guaranteed: true });
    expect(await bindIn(child, object)).toBe('EPERM -');
    const allows = attach('socket_bind_a', child);
    expect(await bindIn(child, object)).toBe('EPERM a-');
    const takesBack = attach('takes_back', child);
    expect(await bindIn(child, object)).toBe('EPERM a+-');
    above.close();
    expect(await bindIn(child, object)).toBe('0 a+');
    allows.close();
    takesBack.close();
  });

  test('of a cgroup below stands when those above allow', async () => {
    attach('socket_bind_a', parent);
    const below = attach('denies_with_errno', child, { guaranteed: true });
    expect(await bindIn(child, object)).toBe('EACCES !a');
    expect(await bindIn(parent, object)).toBe('0 a');
    below.close();
    expect(await bindIn(child, object)).toBe('0 a');
  });

  test('is taken back by one that runs later: what must not happen to a policy', async () => {
    attach('denies', child);
    const above = attach('takes_back', parent);
    expect(await bindIn(child, object)).toBe('0 -+');
    above.close();
    expect(await bindIn(child, object)).toBe('EPERM -');
  });

  test.runIf(hasOrder)(
    'with preorder is taken back from below: what must not happen to a policy',
    async () => {
      attach('denies', parent, { preorder: true });
      expect(await bindIn(child, object)).toBe('EPERM -');
      attach('takes_back', child);
      expect(await bindIn(child, object)).toBe('0 -+');
      expect(await bindIn(parent, object)).toBe('EPERM -');
    },
  );

  test('with override is replaced from below: what must not happen to a policy', async () => {
    expect(attachWithoutLink(program('bind4_denies'), parent, 'override')).toBe(0);
    expect(await bindIn(child, object)).toBe('EPERM -');
    attach('bind4_a', child);
    expect(await bindIn(child, object)).toBe('0 a');
    expect(await bindIn(parent, object)).toBe('EPERM -');
  });
});

describe('guaranteed', () => {
  test.each([
    ['preorder', 'denies', { preorder: true }, 'with preorder'],
    ['bpf_set_retval(0)', 'takes_back', {}, 'it calls bpf_set_retval(0)'],
    ['bpf_set_retval(0) on another attach type', 'bind4_takes_back', {}, 'it calls bpf_set_retval(0)'],
    ['a number that may be 0', 'takes_back_unseen', {}, 'it may call bpf_set_retval() with 0'],
  ])('refuses %s, and attaches nothing', async (_, name, options, why) => {
    const error = await thrown(() => program(name).attach({ cgroup: parent, guaranteed: true, ...options }));
    expect(error).toMatchObject({ code: 'ERR_BPF_NOT_GUARANTEED', reason: 'input', program: name });
    expect(error.message).toContain(why);
    expect(parent.attached()).toEqual([]);
    // Whoever asks for it explicitly gets it.
    if (name !== 'denies') attach(name, parent);
  });

  test.each(['denies', 'denies_with_errno', 'bind4_denies', 'socket_bind_a', 'bind4_a'])(
    'takes %s, which holds',
    (name) => {
      attach(name, parent, { guaranteed: true });
      expect(parent.weaknesses()).toEqual([]);
    },
  );
});

describe('weaknesses tells', () => {
  const kinds = (cgroup: Cgroup): string[] =>
    cgroup.weaknesses().map(({ kind, programName, owner }) => `${kind} ${programName} ${owner?.name}`);

  test('nothing where all holds', () => {
    attach('denies', parent);
    attach('denies_with_errno', child);
    expect(kinds(child)).toEqual([]);
  });

  test('of programs that take back what was denied, or may', () => {
    attach('takes_back', parent);
    attach('takes_back_unseen', parent);
    attach('bind4_takes_back', child);
    attach('denies', child);
    const above = parent.name;
    expect(kinds(parent)).toEqual([
      `takes-back takes_back ${above}`,
      `may-take-back takes_back_unse ${above}`,
    ]);
    expect(kinds(child).sort()).toEqual([
      `may-take-back takes_back_unse ${above}`,
      'takes-back bind4_takes_bac child',
      `takes-back takes_back ${above}`,
    ]);
    expect(parent.weaknesses()[0]?.message).toContain(
      `"takes_back" on socket_bind at ${parent.path} takes back`,
    );
  });

  test('of programs that others can replace, and of those that others have replaced', async () => {
    expect(attachWithoutLink(program('bind4_denies'), parent, 'override')).toBe(0);
    expect(kinds(parent)).toEqual([`override bind4_denies ${parent.name}`]);
    attach('bind4_a', child);
    expect(kinds(child)).toEqual([`overridden bind4_denies ${parent.name}`]);
  });

  test.runIf(hasOrder)('of programs with preorder, by link and without', () => {
    attach('denies', parent, { preorder: true });
    attach('socket_bind_a', child);
    expect(kinds(child)).toEqual([`preorder denies ${parent.name}`]);
    expect(attachWithoutLink(program('bind4_denies'), parent, 'multiPreorder')).toBe(0);
    attach('bind4_a', child);
    expect(kinds(child)).toEqual([`preorder denies ${parent.name}`, `preorder bind4_denies ${parent.name}`]);
  });
});
