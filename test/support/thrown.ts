import { BpfError } from '../../src/index.js';

/** The BpfError that a call throws or rejects with; anything else fails the test. */
export async function thrown(call: () => unknown): Promise<BpfError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof BpfError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
