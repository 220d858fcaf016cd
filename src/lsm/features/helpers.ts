import { native } from '../../native.js';
import {
  capabilitiesFor,
  type Finding,
  instruction,
  KFUNCS,
  kernelBtf,
  lsmHookIds,
  returning,
} from '../../object/index.js';
import { type Answer, byBtf, byErrno, type Feature, lookedUp, tried } from './feature.js';

// include/uapi/linux/bpf.h ___BPF_FUNC_MAPPER: those of use to LSM programs.
const HELPERS: Readonly<Record<string, number>> = {
  bpf_d_path: 147,
  bpf_copy_from_user: 148,
  bpf_copy_from_user_task: 191,
  bpf_ima_inode_hash: 161,
  bpf_ima_file_hash: 193,
  bpf_probe_read_kernel: 113,
  bpf_probe_read_user_str: 114,
  bpf_probe_write_user: 36,
  bpf_get_current_task_btf: 158,
  bpf_get_current_cgroup_id: 80,
  bpf_get_current_ancestor_cgroup_id: 123,
  bpf_current_task_under_cgroup: 37,
  bpf_get_attach_cookie: 174,
  bpf_task_storage_get: 156,
  bpf_inode_storage_get: 145,
  bpf_sk_storage_get: 107,
  bpf_cgrp_storage_get: 210,
  bpf_ringbuf_reserve: 131,
  bpf_ringbuf_reserve_dynptr: 198,
  bpf_user_ringbuf_drain: 209,
  bpf_perf_event_output: 25,
  bpf_send_signal: 109,
  bpf_loop: 181,
  bpf_for_each_map_elem: 164,
  bpf_timer_init: 169,
  bpf_tail_call: 12,
  bpf_spin_lock: 93,
};

// Those that only programs for a cgroup may call.
const CGROUP_HELPERS: Readonly<Record<string, number>> = { bpf_get_retval: 186, bpf_set_retval: 187 };

const LSM = 29;
const BPF_LSM_MAC = 27;
const BPF_LSM_CGROUP = 43;
const BPF_F_SLEEPABLE = 1 << 4;

/** The helpers that LSM programs call, each by a program on file_open that calls it without arguments. @internal */
export function helperFeatures(): Feature[] {
  return [
    ...Object.entries(HELPERS).map(([name, number]) => helperFeature(name, number, BPF_LSM_MAC)),
    ...Object.entries(CGROUP_HELPERS).map(([name, number]) => helperFeature(name, number, BPF_LSM_CGROUP)),
  ];
}

/** The kernel functions that LSM programs call; the BTF of the kernel lists what there is. @internal */
export function kfuncFeatures(): Feature[] {
  const btf = kernelBtf();
  return Object.keys(KFUNCS)
    .sort()
    .map((name) => {
      const known = btf ? btf.find(name, 'func') !== undefined : undefined;
      return lookedUp('kfuncs', { name, needs: capabilitiesFor('lsm') }, byBtf(known, `function ${name}`));
    });
}

function helperFeature(name: string, number: number, attachType: number): Feature {
  const asked = { name, needs: capabilitiesFor('lsm') };
  const attachBtfId = lsmHookIds().get('file_open');
  if (attachBtfId === undefined) {
    const reason = 'this kernel has no LSM hook to call it on';
    return lookedUp('helpers', asked, { verdict: kernelBtf() ? 'no' : 'unknown', reason });
  }
  const isMac = attachType === BPF_LSM_MAC;
  // A program that may sleep may not touch timers and locks; the others of the list it may call.
  const sleeps = isMac && !/^bpf_(timer|spin|tail|perf)/.test(name);
  const answer = native().probeProgram(
    { programType: LSM, attachType, flags: sleeps ? BPF_F_SLEEPABLE : 0, attachBtfId, logLevel: 1 },
    Buffer.concat([instruction({ opcode: 0x85, value: number }), ...returning(isMac ? 0 : 1)]),
  );
  return tried('helpers', asked, answer, judge);
}

/** Whatever the verifier has against the call, it knows the helper, unless it says that it does not. */
function judge(answer: Answer): Finding {
  const { errno, log = '' } = answer;
  if (errno === 0) return { verdict: 'yes', reason: 'a program that calls it was loaded' };
  const refusal = /^(?:invalid func|unknown func|program of this type cannot use helper) .*$/m.exec(log)?.[0];
  if (refusal) return { verdict: 'no', reason: `the verifier says: ${refusal}` };
  if (/^\d+: \(85\) call /m.test(log)) {
    return { verdict: 'yes', reason: 'the verifier knows it, and asks for its arguments' };
  }
  return byErrno(answer).verdict === 'unknown'
    ? byErrno(answer)
    : { verdict: 'unknown', reason: `LSM programs cannot be loaded here: errno ${errno}` };
}
