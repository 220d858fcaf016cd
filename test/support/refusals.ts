export type Kernel = '6.1' | '6.12' | '7.3';

/** Why a kernel refuses a faulty program, and what the error says of it. */
export type Expected = [reason: 'input' | 'kernel' | 'libbpf' | 'permission', why: RegExp, hint: RegExp];

const EVERYWHERE: Readonly<Record<string, Expected>> = {
  faulty_args: ['input', /reads an argument that the hook does not have/, /prototype is int file_open/],
  faulty_argument_type: ['input', /reads past the end of a struct file at "/, /prototype is int file_open/],
  faulty_bounds: ['input', /may access memory outside of an object at "return table/, /compare the index/],
  faulty_complex: ['input', /could not walk.*sequence of 8193 jumps is too complex/, /bpf_loop\(\)/],
  faulty_disabled: ['kernel', /does not let BPF use the hook inode_listsecurity/, /choose another hook/],
  faulty_endless: ['input', /could not walk.*infinite loop detected at insn 0/, /bpf_loop\(\)/],
  faulty_field: ['kernel', /this kernel's struct file has no field f_no_such_field/, /field_exists\(\)/],
  faulty_function: ['kernel', /no function no_such_kernel_function/, /bpftool btf dump/],
  faulty_helper: ['kernel', /has no helper number 9999/, /bpf_func_id/],
  faulty_helper_type: ['kernel', /type lsm cannot call the helper bpf_skb_load_bytes/, /another way/],
  faulty_hook: ['kernel', /has no LSM hook no_such_hook/, /hooks differ between kernel versions/],
  faulty_kconfig: ['kernel', /configuration has no CONFIG_NO_SUCH_OPTION/, /__kconfig __weak/],
  faulty_kfunc: ['kernel', /has no kfunc bpf_no_such_kfunc/, /bpf_ksym_exists\(\)/],
  faulty_kfunc_prototype: ['input', /declares the kfunc bpf_key_put otherwise/, /void bpf_key_put\(struct/],
  faulty_kfunc_type: ['kernel', /type lsm cannot call the kfunc tcp_slow_start/, /registers each kfunc/],
  faulty_kfunc_weak: ['kernel', /calls a kernel function that it declares __weak/, /bpf_ksym_exists\(\)/],
  faulty_ksym: ['kernel', /has no symbol no_such_symbol/, /__ksym __weak/],
  faulty_large: ['input', /could not walk.*BPF program is too large/, /bound its loops/],
  faulty_leak: ['input', /without giving back what it got from bpf_ringbuf_reserve\(\)/, /submit or discard/],
  faulty_license: ['input', /must have a GPL-compatible licence/, /SEC\("license"\)/],
  faulty_lock: ['input', /can end while it holds a lock/, /on every path/],
  faulty_map_flags: ['input', /refuses its declaration/, /BPF_F_NO_PREALLOC/],
  faulty_map_type: ['kernel', /has no map type 999/, /another type/],
  faulty_modify: ['kernel', /does not let programs change the result of vfs_unlink\(\)/, /lsm\//],
  faulty_not_a_hook: ['kernel', /has no LSM hook find_cgroup_shim/, /hooks differ/],
  faulty_null: ['input', /may be NULL \(map_value_or_null\)/, /^compare it with NULL before/],
  faulty_null_passed: ['input', /may be NULL \(map_value_or_null\)/, /^compare it with NULL before/],
  faulty_path: ['kernel', /bpf_d_path\(\) cannot be called on the hook file_permission/, /bpf_path_d_path/],
  faulty_return_cgroup: ['input', /may return a value outside \[0, 1\]/, /return 1 to allow, 0 to deny/],
  faulty_return_void: ['input', /may return a value outside \[1, 1\]/, /^return 1: this hook has no result/],
  faulty_section: [
    'input',
    /does not know what a program in section lsm_future\/file_open/,
    /check the name/,
  ],
  faulty_section_new: [
    'libbpf',
    /libbpf 1\.1 does not know sections named cgroup\/connect_unix/,
    /libbpf 1\.3/,
  ],
  faulty_sleep: [
    'input',
    /calls bpf_copy_from_user, which may sleep/,
    /SEC\("lsm\.s\/bprm_check_security"\).*: this hook may sleep$/,
  ],
  faulty_sleep_function: ['kernel', /function vfs_unlink may be called where/, /SEC\("fentry\/vfs_unlink"\)/],
  faulty_sleep_nowhere: [
    'input',
    /calls bpf_copy_from_user, which/,
    /^the hook file_mprotect is called where/,
  ],
  faulty_sleepable: [
    'kernel',
    /hook file_mprotect is called where sleeping/,
    /^use SEC\("lsm\/file_mprotect"\)/,
  ],
  faulty_stack: [
    'input',
    /variables of 2 functions.* take 6\d\d bytes of stack, and there are 512/,
    /per-CPU/,
  ],
  faulty_type: ['kernel', /this kernel has no struct no_such_struct/, /bpf_core_type_exists\(\)/],
  faulty_uninitialized: ['input', /reads R7, which nothing was written to/, /give every variable a value/],
  faulty_write: ['input', /writes to a kernel structure/, /keep state in maps or in local storage/],
};

/** What some kernels refuse, and others load. */
const SOMEWHERE: Readonly<Record<string, Partial<Record<Kernel, Expected>>>> = {
  faulty_argument_beyond: {
    '6.1': ['input', /uses a number as a pointer at "return attributes/, /inode_setattr\(/],
  },
  faulty_kfunc_new: { '6.1': ['kernel', /has no kfunc bpf_cgroup_from_id/, /^Linux 6\.12 has it/] },
  faulty_map_new: { '6.1': ['kernel', /has no map type cgrp_storage/, /another type/] },
  faulty_null_argument: {
    '7.3': ['input', /may be NULL \(trusted_ptr_or_null\)/, /^compare it with NULL before/],
  },
  faulty_return: {
    '6.12': ['input', /may return a value outside \[-4095, 0\]/, /-EPERM to deny/],
    '7.3': ['input', /may return a value outside \[-4095, 0\]/, /-EPERM to deny/],
  },
  faulty_sleep_map: {
    '6.1': ['kernel', /can use only array, hash,.* maps on this kernel/, /instead of lsm\.s\//],
    '6.12': ['kernel', /can use only array, hash,.* maps on this kernel/, /instead of lsm\.s\//],
  },
  faulty_trusted: {
    '6.1': ['kernel', /has no kfunc bpf_get_task_exe_file/, /^Linux 6\.12 has it/],
    '6.12': ['input', /passes bpf_get_task_exe_file\(\) a pointer/, /pass an argument of the hook/],
    '7.3': ['input', /passes bpf_get_task_exe_file\(\) a pointer/, /pass an argument of the hook/],
  },
  faulty_untrusted: {
    '7.3': ['input', /passes bpf_inode_storage_get\(\) a pointer.*f_path/, /^take file->f_inode/],
  },
};

/** The programs test/fixtures/bpf/faulty_*.bpf.c that a kernel refuses. */
export function refusals(kernel: Kernel): Readonly<Record<string, Expected>> {
  const here = Object.entries(SOMEWHERE).flatMap(([name, { [kernel]: expected }]) =>
    expected ? [[name, expected] as const] : [],
  );
  return { ...EVERYWHERE, ...Object.fromEntries(here) };
}

/** Those that it loads, although others refuse them: by mistake as it were, or because it can do more. */
export function acceptances(kernel: Kernel): string[] {
  return Object.keys(SOMEWHERE).filter((name) => SOMEWHERE[name]?.[kernel] === undefined);
}
