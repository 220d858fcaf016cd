import { BpfError } from '../errors.js';
import { native } from '../native.js';
import { callsAway, firstArguments } from './argument-ranges.js';

/**
 * Whether a program takes back what others have denied, by bpf_set_retval(0): `never`, certainly `calls` it when it gets
 * there, or it `may`, with a number that its instructions do not show. `unknown`: they may not be looked at.
 */
export type TakingBack = 'never' | 'calls' | 'may' | 'unknown';

/** include/uapi/linux/bpf.h BPF_FUNC_set_retval, Linux 5.18. */
const SET_RETVAL = 187;

// The same as long as the kernel runs.
let translated: number | null | undefined;

/** Of a program by its verified instructions. */
export function takingBack(instructions: Uint8Array): TakingBack {
  translated ??= native().probeTranslatedCall(SET_RETVAL);
  if (instructions.length === 0 || translated === null) return 'unknown';
  return takingBackBy(instructions, translated);
}

/** Of any program of the machine by its id; `never` for one that is gone. */
export function takingBackById(id: number): TakingBack {
  try {
    const instructions = native().inventoryInstructions(id);
    return instructions === null ? 'never' : takingBack(instructions);
  } catch (error) {
    if (error instanceof BpfError && error.code === 'EPERM') return 'unknown';
    throw error;
  }
}

/** The same, where `call` stands for the helper in call instructions. */
export function takingBackBy(instructions: Uint8Array, call: number): TakingBack {
  const given = firstArguments(instructions, call).filter(({ low, high }) => low <= 0 && high >= 0);
  if (given.some(({ low, high }) => low === 0 && high === 0)) return 'calls';
  return given.length > 0 || callsAway(instructions) ? 'may' : 'never';
}
