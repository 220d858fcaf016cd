import { describe, expect, test } from 'vitest';
import { type Feature, type FeatureReport, features } from '../../src/index.js';
import { kernelMember } from '../../src/object/index.js';
import { Child } from '../support/child.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { asOrdinaryUser } from '../support/ordinary-user.js';

type Since = readonly [major: number, minor: number];

const ALWAYS: Since = [6, 1];

/** The first of the kernels 6.1, 6.12 and 7.3 that has it. */
const SINCE: Readonly<Record<string, Since>> = {
  'lsm/': ALWAYS,
  'lsm.s/': ALWAYS,
  'lsm_cgroup/': ALWAYS,
  'fentry/': ALWAYS,
  'fexit/': ALWAYS,
  'fmod_ret/': ALWAYS,
  'tp_btf/': ALWAYS,
  'iter/': ALWAYS,
  'raw_tp/': ALWAYS,
  'tp/': ALWAYS,
  'kprobe/': ALWAYS,
  syscall: ALWAYS,
  'cgroup_skb/': ALWAYS,
  'cgroup/connect4': ALWAYS,
  'cgroup/connect_unix': [6, 12],
  'cgroup/dev': ALWAYS,
  'cgroup/sysctl': ALWAYS,
  'cgroup/getsockopt': ALWAYS,
  sockops: ALWAYS,
  netfilter: [6, 12],
  bpf_d_path: ALWAYS,
  bpf_copy_from_user: ALWAYS,
  bpf_ima_inode_hash: ALWAYS,
  bpf_ima_file_hash: ALWAYS,
  bpf_probe_read_kernel: ALWAYS,
  bpf_task_storage_get: ALWAYS,
  bpf_cgrp_storage_get: [6, 12],
  bpf_ringbuf_reserve: ALWAYS,
  bpf_get_attach_cookie: ALWAYS,
  bpf_loop: ALWAYS,
  bpf_set_retval: ALWAYS,
  bpf_path_d_path: [6, 12],
  bpf_get_file_xattr: [6, 12],
  bpf_get_task_exe_file: [6, 12],
  bpf_set_dentry_xattr: [7, 3],
  bpf_cgroup_from_id: [6, 12],
  bpf_verify_pkcs7_signature: ALWAYS,
  hash: ALWAYS,
  lpm_trie: ALWAYS,
  hash_of_maps: ALWAYS,
  ringbuf: ALWAYS,
  user_ringbuf: ALWAYS,
  inode_storage: ALWAYS,
  task_storage: ALWAYS,
  bloom_filter: ALWAYS,
  cgrp_storage: [6, 12],
  arena: [6, 12],
  insn_array: [7, 3],
  'link update': ALWAYS,
  'cookie in link info': [6, 12],
  'iter/task': ALWAYS,
  'iter/bpf_link': ALWAYS,
  tokens: [6, 12],
  'program streams': [7, 3],
  'pins relative to a directory': [6, 12],
  'signed programs': [7, 3],
  'maps for one program': [7, 3],
  Landlock: ALWAYS,
  'bpf among the active LSMs': ALWAYS,
};

const found = new Map(features().features.map((feature) => [feature.name, feature]));

/** The report of a process that keeps some capabilities. */
async function featuresKeeping(...capabilities: string[]): Promise<Map<string, Feature>> {
  using child = new Child('features', [], { command: asOrdinaryUser(...capabilities) });
  const { stdout, stderr } = await child.ended();
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as FeatureReport;
  return new Map(report.features.map((feature) => [feature.name, feature]));
}

describe('what this kernel can', () => {
  test.each(Object.entries(SINCE))('%s', (name, since) => {
    const feature = found.get(name);
    expect(feature?.kernel).toMatchObject({
      verdict: kernelIsAtLeast(...since) ? 'yes' : 'no',
      reason: expect.stringMatching(/./),
    });
  });

  // Point releases of 6.12 have it (6.12.118), and others have not (6.12.107): what they know is in their BTF.
  test('links of a cgroup in order, where bpf(2) takes a revision to expect', () => {
    const expected = kernelMember('bpf_attr', 'expected_revision') ? 'yes' : 'no';
    if (!kernelIsAtLeast(6, 12)) expect(expected).toBe('no');
    if (kernelIsAtLeast(7, 3)) expect(expected).toBe('yes');
    for (const name of ['cgroup link preorder', 'cgroup link before/after']) {
      expect(found.get(name)?.kernel.verdict, name).toBe(expected);
    }
  });

  test('is known of everything to root', () => {
    const unknown = [...found.values()].filter(({ kernel }) => kernel.verdict === 'unknown');
    expect(unknown.map(({ name, kernel }) => `${name}: ${kernel.reason}`)).toEqual([]);
  });

  test('and root may all of it that there is', () => {
    const refused = [...found.values()].filter(
      ({ kernel, permission }) => kernel.verdict === 'yes' && permission.verdict !== 'yes',
    );
    expect(refused).toEqual([]);
  });
});

describe('what a process may', () => {
  test('without capabilities: next to nothing, and what the kernel can is unknown where it had to be tried', async () => {
    const report = await featuresKeeping();
    expect(report.get('lsm/')).toMatchObject({
      kernel: { verdict: 'unknown', reason: expect.stringContaining('EPERM') },
      permission: {
        verdict: 'no',
        reason: 'this process lacks CAP_BPF and CAP_PERFMON',
        fix: expect.stringContaining('grant CAP_BPF and CAP_PERFMON'),
      },
    });
    expect(report.get('hash')).toMatchObject({
      kernel: { verdict: 'unknown' },
      permission: { verdict: 'no', reason: 'this process lacks CAP_BPF' },
    });
    expect(report.get('bpf_d_path')?.kernel.verdict).toBe('unknown');
    expect(report.get('bpf_verify_pkcs7_signature')?.kernel.verdict).toBe('yes');
  });

  test('with CAP_BPF and CAP_PERFMON: LSM programs, and none of a cgroup/', async () => {
    const report = await featuresKeeping('bpf', 'perfmon');
    expect(report.get('lsm/')).toMatchObject({ kernel: { verdict: 'yes' }, permission: { verdict: 'yes' } });
    expect(report.get('task_storage')).toMatchObject({ permission: { verdict: 'yes' } });
    expect(report.get('cgroup/connect4')).toMatchObject({
      kernel: { verdict: 'unknown' },
      permission: { verdict: 'no', reason: 'this process lacks CAP_NET_ADMIN' },
    });
    expect(report.get('list all objects')?.permission.reason).toBe('this process lacks CAP_SYS_ADMIN');
  });
});
