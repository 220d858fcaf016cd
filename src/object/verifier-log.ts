/** What can be read from a verifier's log without knowing the program. */
export interface VerifierVerdict {
  /** Why the program was refused, in the verifier's words. */
  reason: string;
  /** The instruction at which it gave up, without the state of the registers: `12: (7b) *(u64 *)(r1 +0) = r2`. */
  instruction?: string;
  /** The source line of that instruction, where the object has line information. */
  source?: string;
  /** What the verifier suggests, since Linux 7.3 and for some failures. */
  suggestion?: string;
}

/**
 * Reads the end of a verifier's log, in both formats: the classic one, whose last line before the statistics is the
 * reason, and the one since Linux 7.3, which for some failures adds sections after it (`Verification failed: ...`,
 * `Reason:`, `At:`, `Suggestion:`).
 */
export function readVerifierLog(log: string): VerifierVerdict | undefined {
  const lines = log.split('\n').map((line) => line.trimEnd());
  const sections = lines.findIndex((line) => line.startsWith(HEADLINE));
  if (sections === -1) return readClassic(lines);
  return { ...readClassic(lines.slice(0, sections)), ...readSections(lines.slice(sections)) };
}

const HEADLINE = 'Verification failed';

// Lines that come after the reason in the classic format: statistics, and the states that made a loop endless.
const AFTERMATH =
  /^(processed \d+ insns|verification time|stack depth|peak_states|mark_read|max_states|(cur|old) state:)/;
const INSTRUCTION = /^\d+: \([0-9a-f]{2}\) /;
// What the log prints behind an instruction: its effect on the registers, and the next source line.
const EFFECT = /\s+(; .*|\d+: R\d+.*)$/;
// Before Linux 6.9 without the place: `; *count += 1; @ guard.bpf.c:18`.
const SOURCE = /^;\s+(\S.*?)(?: @ \S+:\d+)?$/;
// A place without a line of source in it: `;  @ guard.bpf.c:0`.
const NO_SOURCE = /^;\s+@ \S+:\d+$/;

function readClassic(lines: readonly string[]): VerifierVerdict | undefined {
  const said = lines.map((line) => line.trim()).filter((line) => line !== '' && !AFTERMATH.test(line));
  const reason = said.at(-1);
  if (reason === undefined) return undefined;
  const instruction = said.findLast((line) => INSTRUCTION.test(line))?.replace(EFFECT, '');
  const source = said.findLast((line) => SOURCE.test(line) && !NO_SOURCE.test(line))?.replace(SOURCE, '$1');
  return { reason, ...(instruction && { instruction }), ...(source && { source }) };
}

// `>>> 18 |   *count += 1;` among the lines around it, and `>>>  7 | (79) r1 = *(u64 *)(r0 +0)`.
const MARKED = /^\s*>>>\s*(\d+) \|\s*(.*)$/;

function readSections(lines: readonly string[]): VerifierVerdict {
  const marked = sectionOf(lines, 'At').flatMap((line) => {
    const [, number = '', text = ''] = MARKED.exec(line) ?? [];
    return text === '' ? [] : [{ number, text }];
  });
  const isInstruction = ({ number, text }: { number: string; text: string }) =>
    INSTRUCTION.test(`${number}: ${text}`);
  const instruction = marked.find(isInstruction);
  const source = marked.find((line) => !isInstruction(line))?.text;
  const suggestion = paragraph(sectionOf(lines, 'Suggestion'));
  return {
    reason: paragraph(sectionOf(lines, 'Reason')) || (lines[0] ?? HEADLINE),
    ...(instruction && { instruction: `${instruction.number}: ${instruction.text}` }),
    ...(source && { source }),
    ...(suggestion && { suggestion }),
  };
}

/** The indented lines below a title. */
function sectionOf(lines: readonly string[], title: string): readonly string[] {
  const start = lines.indexOf(`${title}:`);
  if (start === -1) return [];
  const length = lines.slice(start + 1).findIndex((line) => /^\S/.test(line));
  return lines.slice(start + 1, length === -1 ? undefined : start + 1 + length);
}

/** Lines as one, without the full stop, so that a sentence can go on. */
function paragraph(lines: readonly string[]): string {
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ')
    .replace(/\.$/, '');
}
