import type { AttachOrder } from './cgroup-place.js';
import type { CgroupTarget } from './cgroup-target.js';
import type { AnyMap } from './maps/index.js';

/** How to attach a program. What a kind of program has no use for is refused. */
export interface AttachOptions {
  /**
   * Attach an LSM program although it would not be consulted, because `bpf` is not an active LSM. Default false:
   * such an attachment is refused. While kernel.ftrace_enabled is 0 it is refused in any case.
   */
  allowInactive?: boolean;
  /**
   * What bpf_get_attach_cookie() gives in the program: `lsm/`, `fentry/`, `fexit/`, `fmod_ret/`, `kprobe/`,
   * `kretprobe/` and `tracepoint/` programs, since Linux 6.10 also `tp_btf/` and `raw_tp/` ones. Default 0n.
   */
  cookie?: bigint;
  /**
   * The cgroup, for programs that attach to one: `lsm_cgroup/`, `cgroup/`, `cgroup_skb/`, `sockops`. A path is taken for
   * what is there now; a `Cgroup` for that very cgroup, and no other that has its name by now.
   */
  cgroup?: string | CgroupTarget;
  /**
   * Where among those of its attach type (and hook) the program goes on its cgroup: they run in this order, then those
   * of the cgroups above. Default `'last'`, which every kernel has; the others need Linux 6.17, or a backport of it.
   */
  order?: AttachOrder;
  /**
   * Attach only if the programs of this attach type on the cgroup have not changed since this revision was told:
   * `ESTALE` otherwise. Not for `lsm_cgroup/` programs, of which the kernel tells none. Linux 6.17, or a backport.
   */
  expectedRevision?: bigint;
  /**
   * BPF_F_PREORDER: run before all that are attached without, those of the cgroups below included, and those of the
   * cgroups above first. What such a program denies, one of a cgroup below can allow again with bpf_set_retval(0): not for
   * what must hold. Default false. Linux 6.17, or a backport.
   */
  preorder?: boolean;
  /**
   * Refuse what would not hold for the cgroups below, or not leave alone what holds there: `preorder`, and a program that
   * calls bpf_set_retval(0), or may do so as far as its instructions show: to look at them takes CAP_BPF, CAP_NET_ADMIN
   * and CAP_SYSLOG. For what enforces a policy. Default false.
   */
  guaranteed?: boolean;
  /**
   * libbpf's name of the attach type, such as `cgroup_inet_egress`, for a cgroup program of which it is not known:
   * one in the section `cgroup/skb`, or a `cgroup_skb/` program that was opened from a pin.
   */
  attachType?: string;
  /**
   * Where a `kprobe/`, `kretprobe/`, `tracepoint/` or `raw_tp/` program attaches, if not where its section says:
   * `do_unlinkat`, `do_unlinkat+0x10`, `syscalls/sys_enter_openat`, `sys_enter`.
   */
  target?: string;
  /** What an iterator walks over, if not over everything there is. */
  iterate?: IterateOptions;
}

/**
 * What an iterator walks over: the elements of a map, the tasks of a process, one thread, or cgroups as seen from
 * one of them, in the kernel's orders (enum bpf_cgroup_iter_order; Linux 6.1).
 */
export type IterateOptions =
  | { map: AnyMap }
  | { cgroup: string | CgroupTarget; order?: CgroupOrder }
  | { pid: number }
  | { tid: number };

/** enum bpf_cgroup_iter_order */
export type CgroupOrder = 'self_only' | 'descendants_pre' | 'descendants_post' | 'ancestors_up';
