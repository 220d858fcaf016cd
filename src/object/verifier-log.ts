/** What can be read from a verifier's log without knowing the program. */
export interface VerifierVerdict {
  /** Why the program was refused, in the verifier's words. */
  reason: string;
  /** The instruction at which it gave up, as the log prints it: `12: (7b) *(u64 *)(r1 +0) = r2`. */
  instruction?: string;
  /** The source line of that instruction, where the object has line information. */
  source?: string;
}

// Lines that come after the reason in the classic format: statistics.
const STATISTICS = /^(processed \d+ insns|verification time|stack depth|peak_states|mark_read|max_states)/;
const INSTRUCTION = /^\d+: \([0-9a-f]{2}\)/;
const SOURCE = /^; (.*?)(?: @ \S+:\d+)?$/;

/**
 * Reads the end of a verifier's log, in both formats: the classic one, whose last line before the statistics is the
 * reason, and the one since Linux 7.3, which adds sections after it (`Verification failed: ...`, `Reason:`, `At:`).
 */
export function readVerifierLog(log: string): VerifierVerdict | undefined {
  const lines = log.split('\n').map((line) => line.trim());
  const sections = lines.findIndex((line) => line.startsWith('Verification failed'));
  const classic = (sections === -1 ? lines : lines.slice(0, sections)).filter(
    (line) => line !== '' && !STATISTICS.test(line),
  );
  const reason = classic.at(-1) ?? lines[sections];
  if (reason === undefined) return undefined;
  const instruction = classic.findLast((line) => INSTRUCTION.test(line));
  const source = classic.findLast((line) => SOURCE.test(line));
  return {
    reason,
    ...(instruction && { instruction }),
    ...(source && { source: source.replace(SOURCE, '$1') }),
  };
}
