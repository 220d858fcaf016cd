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
  /** The cgroup v2 directory, for programs that attach to one: `lsm_cgroup/`, `cgroup/`, `cgroup_skb/`, `sockops`. */
  cgroup?: string;
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
  | { cgroup: string; order?: CgroupOrder }
  | { pid: number }
  | { tid: number };

/** enum bpf_cgroup_iter_order */
export type CgroupOrder = 'self_only' | 'descendants_pre' | 'descendants_post' | 'ancestors_up';
