import { type NativeProgramSpec, native, type ObjectHandle } from '../native.js';
import { answersBool } from './hook-table.js';
import { hookPrototype } from './kernel-hooks.js';
import { hookOf } from './program.js';
import { returnedConstants } from './returned-constants.js';

/** Something about an object that the kernel takes and that is hardly meant. */
export interface ObjectWarning {
  /** A stable name, for programs. */
  code: 'ERR_BPF_VERDICT';
  program: string;
  hook: string;
  /** What is wrong, and what to do. */
  message: string;
}

// enum bpf_attach_type
const BPF_LSM_MAC = 27;
const BPF_LSM_CGROUP = 43;
/** include/linux/err.h MAX_ERRNO */
const MAX_ERRNO = 4095;

/**
 * LSM programs that answer in the convention of the other kind. `lsm/` denies with a negative errno, `lsm_cgroup/` allows
 * with 1 and denies with 0. Linux 6.1 takes any number from `lsm/` programs, and a positive one counts as success in some
 * callers and as an error in others (kernel/bpf/verifier.c check_return_code()); later kernels refuse them at load.
 */
export function mixedUpVerdicts(object: ObjectHandle): ObjectWarning[] {
  return native()
    .objectPrograms(object)
    .filter(({ autoload }) => autoload)
    .flatMap((program) => warningsOf(program, native().objectInstructions(object, program.name)));
}

/** @internal */
export function warningsOf(
  { name, section, attachType }: NativeProgramSpec,
  instructions: Uint8Array,
): ObjectWarning[] {
  const hook = hookOf(section);
  if (hook === undefined) return [];
  const wrong = [...returnedConstants(instructions)].find((value) =>
    attachType === BPF_LSM_MAC ? isNoVerdict(hook, value) : attachType === BPF_LSM_CGROUP && value < 0,
  );
  if (wrong === undefined) return [];
  const says =
    attachType === BPF_LSM_MAC
      ? 'an lsm/ program returns 0 to allow or a negative errno such as -EPERM to deny'
      : 'an lsm_cgroup/ program returns 1 to allow or 0 to deny, and chooses the errno with bpf_set_retval()';
  const message = `program "${name}" (hook ${hook}) may return ${wrong}, which is no verdict: ${says}`;
  return [{ code: 'ERR_BPF_VERDICT', program: name, hook, message }];
}

function isNoVerdict(hook: string, value: number): boolean {
  if (answersBool(hook) || hookPrototype(hook)?.startsWith('void ')) return false;
  return value > 0 || value < -MAX_ERRNO;
}
