import { BpfError } from '../errors.js';
import { BpfObject, ftraceIsOn } from '../object/index.js';

/** What became of the canary. */
export type CanaryOutcome =
  | { result: 'fired' | 'silent' }
  | { result: 'not-sent'; why: string }
  | { result: 'not-loaded' | 'not-attached'; error: BpfError };

interface Canary {
  programs: 'canary';
  maps: object;
  globals: { watch_pid: number; fired: bigint };
}

const OBJECT = new URL('../../dist/bpf/check/canary.bpf.o', import.meta.url);

/**
 * Loads a program that allows everything and counts the calls for this process; attaches it, if asked to, for as
 * long as it takes to send this process signal 0, which does nothing but ask the LSMs (kernel/signal.c
 * check_kill_permission()).
 */
export async function sendCanary({ attach }: { attach: boolean }): Promise<CanaryOutcome> {
  let object: BpfObject<Canary>;
  try {
    const open = BpfObject.open<Canary>(OBJECT);
    open.globals.watch_pid = process.pid;
    object = await open.load();
  } catch (error) {
    if (error instanceof BpfError) return { result: 'not-loaded', error };
    throw error;
  }
  using canary = object;
  if (!attach) return { result: 'not-sent', why: 'none was attached, as asked' };
  if (ftraceIsOn().verdict === 'no')
    return { result: 'not-sent', why: 'none was attached: it would not be called while ftrace is off' };
  return watch(canary);
}

function watch(canary: BpfObject<Canary>): CanaryOutcome {
  try {
    using _link = canary.programs.canary.attach({ allowInactive: true });
    process.kill(process.pid, 0);
    return { result: canary.globals.fired > 0n ? 'fired' : 'silent' };
  } catch (error) {
    if (error instanceof BpfError) return { result: 'not-attached', error };
    throw error;
  }
}
