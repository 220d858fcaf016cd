import { native } from '../native.js';
import { instruction, returning } from './instructions.js';

/** What the verifier says of one hook. @internal */
export interface HookProbe {
  /** What became of a program that does nothing: taken, or why not. */
  outcome: 'taken' | 'disabled' | 'no-hook' | 'refused' | 'not-permitted';
  /** Whether a sleepable program is taken; undefined when that could not be told. */
  sleepable: boolean | undefined;
  /** Whether a program for `BPF_LSM_CGROUP` is taken. */
  cgroup: boolean | undefined;
  /** What a program may return; null when anything goes, undefined when that could not be told. */
  returnRange: readonly [least: number, most: number] | null | undefined;
  /** How the verifier calls each argument that was asked for, such as `trusted_ptr_file`; empty when it would not. */
  arguments: readonly string[];
}

const BPF_PROG_TYPE_LSM = 29;
const BPF_LSM_MAC = 27;
const BPF_LSM_CGROUP = 43;
const BPF_F_SLEEPABLE = 1 << 4;
// include/uapi/linux/bpf.h BPF_LOG_LEVEL1, BPF_LOG_LEVEL2: the second prints what each register holds.
const REASONS = 1;
const REGISTERS = 2;

const EPERM = 1;

/**
 * Asks the kernel about a hook by loading programs of a few instructions for it, none of which is ever attached. The
 * sets that decide (kernel/bpf/bpf_lsm.c sleepable_lsm_hooks, bpf_lsm_disabled_hooks) are in no BTF: only the verifier
 * knows them. Four or five loads; some tenths of a millisecond each.
 *
 * @param btfId - of `bpf_lsm_NAME` in the kernel's BTF
 * @param words - the context words of the arguments that point to structs, whose registers are to be told
 */
export function probeHook(btfId: number, words: readonly number[]): HookProbe {
  const look = load(btfId, [...words.map(readWord), ...returning(0)], { logLevel: REGISTERS });
  const plain = look.errno === 0 ? look : load(btfId, returning(0), { logLevel: REASONS });
  const outcome = outcomeOf(plain);
  if (outcome !== 'taken') {
    return { outcome, sleepable: undefined, cgroup: undefined, returnRange: undefined, arguments: [] };
  }
  return {
    outcome,
    sleepable: sleepableBy(load(btfId, returning(0), { flags: BPF_F_SLEEPABLE, logLevel: REASONS })),
    cgroup: load(btfId, returning(1), { attachType: BPF_LSM_CGROUP }).errno === 0,
    returnRange: returnRangeBy(load(btfId, returning(OUT_OF_RANGE), { logLevel: REASONS })),
    arguments: look.errno === 0 ? registersIn(look.log) : [],
  };
}

interface Verdict {
  errno: number;
  log: string;
}

/** Neither an errno nor a bool. */
const OUT_OF_RANGE = 2;

function outcomeOf({ errno, log }: Verdict): HookProbe['outcome'] {
  if (errno === 0) return 'taken';
  // kernel/bpf/bpf_lsm.c bpf_lsm_verify_prog()
  if (log.includes('points to disabled hook')) return 'disabled';
  if (log.includes('points to wrong type name')) return 'no-hook';
  return errno === EPERM ? 'not-permitted' : 'refused';
}

function sleepableBy({ errno, log }: Verdict): boolean | undefined {
  if (errno === 0) return true;
  // kernel/bpf/verifier.c check_attach_btf_id()
  return log.includes('is not sleepable') ? false : undefined;
}

/** @internal */
export function returnRangeBy({ errno, log }: Verdict): HookProbe['returnRange'] {
  if (errno === 0) return null;
  // kernel/bpf/verifier.c verbose_invalid_scalar(), for LSM programs since Linux 6.12.
  const [, least, most] = /should have been in \[(-?\d+), (-?\d+)\]/.exec(log) ?? [];
  return least === undefined || most === undefined ? undefined : [Number(least), Number(most)];
}

/** What was read into R2, time after time; the log calls it R2_w up to Linux 6.12. @internal */
export function registersIn(log: string): string[] {
  return [...log.matchAll(/^\d+: .*\bR2(?:_w)?=(\w+)\(/gm)].map(([, register = '']) => register);
}

function load(
  attachBtfId: number,
  instructions: readonly Uint8Array[],
  { attachType = BPF_LSM_MAC, flags = 0, logLevel = 0 },
): Verdict {
  const probe = { programType: BPF_PROG_TYPE_LSM, attachType, flags, attachBtfId, logLevel };
  return native().probeProgram(probe, Buffer.concat(instructions));
}

/** r2 = context[word] */
function readWord(word: number): Uint8Array {
  return instruction({ opcode: 0x79, to: 2, from: 1, offset: word * 8 });
}
