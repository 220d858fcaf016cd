import { native } from '../../native.js';
import { type Capability, type Finding, kernelBtf, kernelEnum, kernelMember } from '../../object/index.js';
import { type Answer, byBtf, byErrno, type Feature, lookedUp, tried } from './feature.js';
import { libbpfHas } from './libbpf.js';

const EINVAL = 22;
const EBADF = 9;

// include/uapi/linux/bpf.h
const BPF_F_BEFORE = 1 << 3;
const BPF_F_PREORDER = 1 << 6;

/** What can be done with attachments. @internal */
export function linkFeatures(): Feature[] {
  return [
    command('link update', 'BPF_LINK_UPDATE'),
    command('link detach', 'BPF_LINK_DETACH'),
    ordering('cgroup link preorder', BPF_F_PREORDER),
    ordering('cgroup link before/after', BPF_F_BEFORE, libbpfHas('bpf_program__attach_cgroup_opts', '1.6')),
    member('cookie in link info', 'bpf_link_info', 'cookie'),
  ];
}

/** The kinds of iterators, which programs in `iter/` are for. @internal */
export function iteratorFeatures(): Feature[] {
  const btf = kernelBtf();
  const kinds = [
    'task',
    'task_file',
    'task_vma',
    'cgroup',
    'bpf_map',
    'bpf_map_elem',
    'bpf_prog',
    'bpf_link',
  ];
  return [...kinds, 'tcp', 'udp', 'unix', 'kmem_cache', 'dmabuf'].map((name) => {
    const known = btf ? btf.find(`bpf_iter_${name}`, 'func') !== undefined : undefined;
    const asked = { name: `iter/${name}`, needs: ['CAP_BPF', 'CAP_PERFMON'] as const };
    return lookedUp('iterators', asked, byBtf(known, `bpf_iter_${name}`));
  });
}

/** What bpf(2) can do beside. @internal */
export function systemCallFeatures(): Feature[] {
  const admin = ['CAP_SYS_ADMIN'] as const;
  return [
    command('batches of map elements', 'BPF_MAP_LOOKUP_BATCH', { group: 'system calls' }),
    command('run statistics', 'BPF_ENABLE_STATS', { group: 'system calls', needs: admin }),
    command('list all objects', 'BPF_PROG_GET_NEXT_ID', { group: 'system calls', needs: admin }),
    command('tokens', 'BPF_TOKEN_CREATE', {
      group: 'system calls',
      libbpf: libbpfHas('bpf_token_create', '1.4'),
    }),
    command('program streams', 'BPF_PROG_STREAM_READ_BY_FD', {
      group: 'system calls',
      libbpf: libbpfHas('bpf_prog_stream_read', '1.6'),
    }),
    member('pins relative to a directory', 'bpf_attr', 'path_fd', libbpfHas('bpf_obj_pin_opts', '1.3')),
    member('signed programs', 'bpf_attr', 'signature'),
    member(
      'maps for one program',
      'bpf_attr',
      'excl_prog_hash',
      libbpfHas('bpf_map__set_exclusive_program', '1.7'),
    ),
  ];
}

interface More {
  group?: Feature['group'];
  needs?: readonly Capability[];
  libbpf?: Finding;
}

/** A command of bpf(2): the kernel's enumeration lists them. */
function command(
  name: string,
  constant: string,
  { group = 'links', needs = [], libbpf }: More = {},
): Feature {
  const known = kernelEnum('bpf_cmd')?.has(constant);
  return lookedUp(group, { name, needs, ...(libbpf && { libbpf }) }, byBtf(known, constant));
}

/** A part of what goes in or comes out of bpf(2). */
function member(name: string, type: string, part: string, libbpf?: Finding): Feature {
  const group = type === 'bpf_link_info' ? 'links' : 'system calls';
  const finding = byBtf(kernelMember(type, part), `${part} in ${type}`);
  return lookedUp(group, { name, needs: [], ...(libbpf && { libbpf }) }, finding);
}

function ordering(name: string, flags: number, libbpf?: Finding): Feature {
  const answer = { errno: native().probeCgroupLink(flags) };
  return tried(
    'links',
    { name, needs: ['CAP_BPF', 'CAP_NET_ADMIN'], ...(libbpf && { libbpf }) },
    answer,
    judge,
  );
}

function judge(answer: Answer): Finding {
  if (answer.errno === EBADF) return { verdict: 'yes', reason: 'BPF_LINK_CREATE takes the flag' };
  if (answer.errno === EINVAL) return { verdict: 'no', reason: 'BPF_LINK_CREATE refuses the flag' };
  return byErrno(answer);
}
