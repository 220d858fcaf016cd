import { BpfError } from '../../../src/errors.js';

/** The BpfError a function throws; anything else thrown, or nothing, fails the test. */
export function thrownBy(act: () => unknown): BpfError {
  try {
    act();
  } catch (error) {
    if (error instanceof BpfError) {
      return error;
    }
    throw error;
  }
  throw new Error('nothing was thrown');
}
