// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is done to the kernel itself. */
#include <bpf_lsm/kernel/reading.h>
#include <bpf_lsm/program.h>

#include "fact.h"

BPF_LSM_LICENSE("Dual BSD/GPL");

/* The number of an enumerator in the running kernel, or one that nothing has. */
#define IN_KERNEL(type, name) \
  (bpf_core_enum_value_exists(type, name) ? (int)bpf_core_enum_value(type, name) : -1)

static __always_inline struct lsm_verdict judge_module_or_kexec(bool module, bool kexec) {
  if (module) return judge_nothing(OPERATION_LOAD_MODULE);
  if (kexec) return judge_nothing(OPERATION_KEXEC);
  return LSM_ALLOW;
}

/* A compressed module is read as such since Linux 6.17. */
LSM_PROGRAM(kernel_read_file, judge_read_by_kernel, struct file* file, int id) {
  return judge_module_or_kexec(id == IN_KERNEL(enum kernel_read_file_id, READING_MODULE) ||
                                   id == IN_KERNEL(enum kernel_read_file_id, READING_MODULE_COMPRESSED),
                               id == IN_KERNEL(enum kernel_read_file_id, READING_KEXEC_IMAGE) ||
                                   id == IN_KERNEL(enum kernel_read_file_id, READING_KEXEC_INITRAMFS));
}

LSM_PROGRAM(kernel_load_data, judge_load_by_kernel, int id) {
  return judge_module_or_kexec(id == IN_KERNEL(enum kernel_load_data_id, LOADING_MODULE),
                               id == IN_KERNEL(enum kernel_load_data_id, LOADING_KEXEC_IMAGE));
}

LSM_PROGRAM(kernel_module_request, judge_module_request) {
  return judge_nothing(OPERATION_LOAD_MODULE);
}

/* include/uapi/linux/bpf.h, Linux 7.0: BPF_COMMON_ATTRS, a flag above all commands. */
#define BPF_COMMANDS 0xffff

static __noinline int judge_call(const struct call* call, int command, union bpf_attr* attributes) {
  struct search search = new_search(call, OPERATION_BPF);
  __u64 policies = search.undecided;

  if (is_about_objects(call, &search)) {
    __u32 type = 0;

    if (command == BPF_PROG_LOAD) {
      bpf_probe_read_kernel(&type, sizeof(type), (void*)attributes + offsetof(union bpf_attr, prog_type));
      meet_fact(&search, FACT_BPF_PROGRAM_TYPE, type);
      apply(&search, &search.self);
    }
    meet_fact(&search, FACT_BPF_COMMAND, (__u32)command);
  }
  return judge_met(call, &search, policies, 0, 0);
}

/* A program type is nearer than a command. A program that calls bpf(2) by bpf_sys_bpf() comes here too. */
LSM_PROGRAM(bpf, judge_bpf, int command, union bpf_attr* attributes) {
  struct call call;
  int result;

  if (!begins(&call, BIT(OPERATION_BPF))) return LSM_ALLOW;
  result = judge_call(&call, command & BPF_COMMANDS, attributes);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

LSM_PROGRAM(perf_event_open, judge_perf) {
  return judge_nothing(OPERATION_PERF);
}

LSM_PROGRAM(settime, judge_set_time) {
  return judge_nothing(OPERATION_SET_TIME);
}

LSM_PROGRAM(syslog, judge_syslog) {
  return judge_nothing(OPERATION_SYSLOG);
}

LSM_PROGRAM(locked_down, judge_lockdown, int reason) {
  struct call call;
  int result;

  if (!begins(&call, BIT(OPERATION_LOCKDOWN))) return LSM_ALLOW;
  result = judge_fact(&call, OPERATION_LOCKDOWN, FACT_LOCKDOWN_REASON, (__u32)reason);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}
