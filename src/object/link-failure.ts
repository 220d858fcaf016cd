import { type BpfError, type BpfErrorFields, rephrase } from '../errors.js';
import type { LinkInfo } from './link-info.js';

type Deed = 'opened' | 'updated' | 'detached' | 'read';

/** Turns what the kernel answers to an operation on a link into an error that says why and what to do. */
export function explainLinkFailure(link: LinkInfo | string, deed: Deed, error: BpfError): BpfError {
  const subject = typeof link === 'string' ? link : `link ${link.id}`;
  const known = typeof link === 'string' ? whyNotOpened(error.code) : explain(link, deed, error.code);
  if (!known) return rephrase(error, `${subject}: ${error.message}`);
  const { why, ...fields } = known;
  return rephrase(error, `${subject} cannot be ${deed}: ${why} (${error.code})`, fields);
}

type Explanation = { why: string } & Partial<BpfErrorFields>;

function whyNotOpened(code: string): Explanation | undefined {
  if (code === 'ENOENT') return { why: 'there is no link with this id', reason: 'input' };
  if (code !== 'EPERM') return undefined;
  return {
    why: 'this process lacks CAP_SYS_ADMIN',
    reason: 'permission',
    hint: 'run it as root, or open the link by a pin',
  };
}

function explain(link: LinkInfo, deed: Deed, code: string): Explanation | undefined {
  if (deed === 'updated') return whyNotUpdated(link, code);
  if (deed === 'detached') return whyNotDetached(link, code);
  if (code !== 'EINVAL') return undefined;
  return {
    why: `it is the link of no iterator but of type ${link.type}`,
    code: 'ERR_BPF_NOT_SUPPORTED',
    reason: 'input',
  };
}

// kernel/bpf/syscall.c link_update(), kernel/bpf/cgroup.c __cgroup_bpf_replace()
function whyNotUpdated(link: LinkInfo, code: string): Explanation | undefined {
  if (code === 'ENOLINK') {
    return { why: 'its cgroup is gone, or it was detached', reason: 'input', hint: 'close it' };
  }
  if (code === 'EPERM') {
    return { why: 'another program than the expected one is attached', reason: 'input' };
  }
  if (code === 'ENOENT' && link.type === 'cgroup') {
    return { why: 'the program was loaded for another hook', reason: 'input' };
  }
  if (code !== 'EINVAL' || link.type === 'cgroup' || link.type === 'iter') return undefined;
  const gapless = link.type === 'tracing' && link.attachType !== 'freplace';
  return {
    why: `the kernel cannot update links of type ${link.type}`,
    code: 'ERR_BPF_NOT_SUPPORTED',
    reason: 'kernel',
    hint: gapless
      ? 'use replace(), which attaches the new program before the old one goes'
      : 'close it, and attach the new program',
  };
}

// kernel/bpf/syscall.c link_detach(): links of cgroups, network namespaces and devices have it.
function whyNotDetached(link: LinkInfo, code: string): Explanation | undefined {
  if (code !== 'EOPNOTSUPP') return undefined;
  return {
    why: `the kernel cannot detach links of type ${link.type} by force`,
    code: 'ERR_BPF_NOT_SUPPORTED',
    reason: 'kernel',
    hint: 'close it in every process that holds it, and remove its pins',
  };
}
