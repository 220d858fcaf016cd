import { release } from 'node:os';

/** What the source of one line of kernels says about its hooks. */
interface HookTable {
  readonly disabled: ReadonlySet<string>;
  readonly sleepable: ReadonlySet<string>;
  /** Hooks whose arguments the verifier does not trust; undefined where it does not tell them apart (before 6.2). */
  readonly untrusted: ReadonlySet<string> | undefined;
  /** Whether the verifier holds programs to a range of return values. */
  readonly enforcesRange: boolean;
  readonly defaults: Readonly<Record<string, number>>;
}

// kernel/bpf/bpf_lsm.c bool_lsm_hooks
const BOOL_HOOKS: ReadonlySet<string> = new Set([
  'audit_rule_known',
  'inode_xattr_skipcap',
  'xfrm_state_pol_flow_match',
]);

/** Functions whose names begin like a hook's, and that are none: kernel/bpf/bpf_lsm.c, include/linux/bpf_lsm.h. */
const NO_HOOKS: ReadonlySet<string> = new Set([
  'find_cgroup_shim',
  'func_proto',
  'get_retval_range',
  'has_d_inode_locked',
  'hook_returns_errno',
  'init',
  'is_sleepable_hook',
  'is_trusted',
  'verify_prog',
]);

/** Whether `bpf_lsm_NAME`, a function of the kernel's, is known to be no hook. */
export function isNoHook(name: string): boolean {
  return NO_HOOKS.has(name);
}

/** Whether an int hook answers with 0 or 1 instead of an errno. */
export function answersBool(name: string): boolean {
  return BOOL_HOOKS.has(name);
}

/** The table of the running kernel's line; undefined for one that is not in the tables. */
export function hookTable(kernel: string = release()): HookTable | undefined {
  return TABLES[/^\d+\.\d+/.exec(kernel)?.[0] ?? ''];
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

// kernel/bpf/bpf_lsm.c bpf_lsm_disabled_hooks
const DISABLED = words(`
  audit_rule_match getprocattr inode_copy_up_xattr inode_getsecurity inode_listsecurity inode_need_killpriv ismaclabel
  key_getsecurity setprocattr vm_enough_memory xfrm_decode_session
`);

// kernel/bpf/bpf_lsm.c sleepable_lsm_hooks: in all three.
const SLEEPABLE = words(`
  bpf bpf_map bpf_prog bprm_check_security bprm_committed_creds bprm_committing_creds bprm_creds_for_exec
  bprm_creds_from_file capget capset cred_prepare file_ioctl file_lock file_open file_receive inode_create
  inode_free_security inode_getattr inode_getxattr inode_mknod inode_post_setxattr inode_readlink inode_rename
  inode_rmdir inode_setattr inode_setxattr inode_symlink inode_unlink kernel_module_request kernel_read_file
  kernfs_init_security mmap_file netlink_send path_notify release_secctx sb_alloc_security sb_eat_lsm_opts sb_kern_mount
  sb_mount sb_remount sb_set_mnt_opts sb_show_options sb_statfs sb_umount settime socket_accept socket_bind
  socket_connect socket_create socket_getpeername socket_getpeersec_dgram socket_getsockname socket_getsockopt
  socket_listen socket_post_create socket_recvmsg socket_sendmsg socket_shutdown socket_socketpair syslog task_alloc
  task_prctl task_setscheduler userns_create
`);
const SLEEPABLE_6_1 = words(`
  bpf_map_alloc_security bpf_map_free_security current_getsecid_subj inet_conn_established key_free task_getsecid_obj
`);
const SLEEPABLE_6_12 = words(`
  bpf_map_create bpf_map_free bpf_prog_load bpf_token_capable bpf_token_cmd bpf_token_create bpf_token_free
  file_post_open path_chmod path_chown path_link path_mkdir path_rename path_rmdir path_symlink path_truncate
  path_unlink
`);

// kernel/bpf/bpf_lsm.c untrusted_lsm_hooks
const UNTRUSTED = words(`
  bpf_map_free bpf_prog_free file_alloc_security file_free_security sk_alloc_security sk_free_security task_free
`);

// include/linux/lsm_hook_defs.h: the defaults that are not 0.
const [ENOSYS, EINVAL, ENOPROTOOPT, EOPNOTSUPP, ENOPARAM] = [-38, -22, -92, -95, -519];
const DEFAULTS = {
  dentry_init_security: EOPNOTSUPP,
  fs_context_parse_param: ENOPARAM,
  getprocattr: EINVAL,
  inode_copy_up_xattr: EOPNOTSUPP,
  inode_getsecctx: EOPNOTSUPP,
  inode_getsecurity: EOPNOTSUPP,
  inode_setsecurity: EOPNOTSUPP,
  secid_to_secctx: EOPNOTSUPP,
  setprocattr: EINVAL,
  task_prctl: ENOSYS,
  xfrm_state_pol_flow_match: 1,
};
const DEFAULTS_6_12 = {
  ...DEFAULTS,
  getselfattr: EOPNOTSUPP,
  inode_init_security: EOPNOTSUPP,
  setselfattr: EOPNOTSUPP,
  socket_getpeersec_dgram: ENOPROTOOPT,
  socket_getpeersec_stream: ENOPROTOOPT,
};

const TABLES: Readonly<Record<string, HookTable>> = {
  '6.1': {
    disabled: new Set(DISABLED),
    sleepable: new Set([...SLEEPABLE, ...SLEEPABLE_6_1]),
    untrusted: undefined,
    enforcesRange: false,
    defaults: { ...DEFAULTS, vm_enough_memory: 1 },
  },
  '6.12': {
    disabled: new Set([...DISABLED, 'getselfattr']),
    sleepable: new Set([...SLEEPABLE, ...SLEEPABLE_6_12, 'current_getsecid_subj', 'task_getsecid_obj']),
    untrusted: new Set(UNTRUSTED),
    enforcesRange: true,
    defaults: DEFAULTS_6_12,
  },
  '7.3': {
    disabled: new Set([...DISABLED, 'getselfattr', 'file_alloc_security']),
    sleepable: new Set([
      ...SLEEPABLE,
      ...SLEEPABLE_6_12,
      'bdev_alloc_security',
      'bdev_setintegrity',
      'inode_post_removexattr',
      'inode_removexattr',
    ]),
    untrusted: new Set([...UNTRUSTED, 'bdev_alloc_security', 'bdev_free_security']),
    enforcesRange: true,
    defaults: { ...DEFAULTS_6_12, lsmprop_to_secctx: EOPNOTSUPP },
  },
};
