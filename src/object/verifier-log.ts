import type { VerifierFailure } from '../errors.js';

/**
 * Reads the end of a verifier's log, in both formats: the classic one, whose last line before the statistics is the
 * reason, and the one since Linux 7.3, which for most failures adds sections after it (`Verification failed: ...`,
 * `Reason:`, `At:`, `Suggestion:`).
 */
export function readVerifierLog(log: string): VerifierFailure | undefined {
  const lines = endOf(log)
    .split('\n')
    .map((line) => line.trimEnd());
  const sections = lines.findLastIndex((line) => line.startsWith(HEADLINE));
  if (sections === -1) return readClassic(lines);
  return readSections(lines.slice(sections), readClassic(lines.slice(0, sections)));
}

/**
 * The lines at the end of a log that are neither instructions nor source nor statistics: what the verifier has to say,
 * which the reason is a part of.
 */
export function lastWords(log: string): string {
  const lines = endOf(log).split('\n');
  const last = lines.findLastIndex((line) => INSTRUCTION.test(line));
  return lines
    .slice(last + 1)
    .filter((line) => line !== '' && !line.startsWith(';') && !/^processed \d+ insns/.test(line))
    .join('\n');
}

/** A log can have a hundred megabytes; all that counts is at its end. */
export function endOf(log: string): string {
  if (log.length <= TAIL) return log;
  const cut = log.length - TAIL;
  return log.slice(log.indexOf('\n', cut) + 1);
}

const TAIL = 256 * 1024;
const HEADLINE = 'Verification failed';

// Lines that come after the reason in the classic format: statistics, remarks, and the states that made a loop endless.
const AFTERMATH =
  /^(processed \d+ insns|verification time|stack depth|peak_states|mark_read|max_states|(cur|old) state:|Note, )/;
const INSTRUCTION = /^(\d+): (\([0-9a-f]{2}\) .*)$/;
// What the log prints behind an instruction: its effect on the registers, and the next source line.
const EFFECT = /\s+(;.*|\d+: R\d+.*)$/;
// The place is there since Linux 6.9: `; *count += 1; @ guard.bpf.c:18`.
const SOURCE = /^;\s+(?!@ \S+:\d+$)(\S.*?)(?: @ (\S+):(\d+))?$/;

function readClassic(lines: readonly string[]): VerifierFailure | undefined {
  const said = lines.map((line) => line.trim()).filter((line) => line !== '' && !AFTERMATH.test(line));
  const reason = said.at(-1);
  if (reason === undefined) return undefined;
  const instruction = readInstruction(said.findLast((line) => INSTRUCTION.test(line)));
  const source = readSource(said.findLast((line) => SOURCE.test(line)));
  return { format: 'classic', reason, ...(instruction && { instruction }), ...(source && { source }) };
}

function readInstruction(line: string | undefined): VerifierFailure['instruction'] {
  const [, index, text = ''] = INSTRUCTION.exec(line ?? '') ?? [];
  return index === undefined ? undefined : { index: Number(index), text: text.replace(EFFECT, '') };
}

function readSource(line: string | undefined): VerifierFailure['source'] {
  const [, text, file, number] = SOURCE.exec(line ?? '') ?? [];
  return text === undefined ? undefined : { text, ...(file && { file, line: Number(number) }) };
}

// `>>> 18 |   *count += 1;` among the lines around it, and `>>>  7 | (79) r1 = *(u64 *)(r0 +0)`.
const MARKED = /^\s*>>>\s*(\d+) \|\s*(.*)$/;
// `guard @ guard.bpf.c:18:10`
const PLACE = /^\s*\S+ @ (\S+?):(\d+)(?::\d+)?$/;

function readSections(lines: readonly string[], before: VerifierFailure | undefined): VerifierFailure {
  const at = sectionOf(lines, 'At');
  const marked = at.flatMap((line) => {
    const [, number = '', text = ''] = MARKED.exec(line) ?? [];
    return text === '' ? [] : [`${number}: ${text}`];
  });
  const instruction = readInstruction(marked.find((line) => INSTRUCTION.test(line))) ?? before?.instruction;
  const source = sourceIn(at, marked, before?.source) ?? before?.source;
  const suggestion = paragraph(sectionOf(lines, 'Suggestion'));
  return {
    format: 'sections',
    reason: paragraph(sectionOf(lines, 'Reason')) || (lines[0] ?? HEADLINE),
    ...(instruction && { instruction }),
    ...(source && { source }),
    ...(suggestion && { suggestion }),
  };
}

function sourceIn(
  at: readonly string[],
  marked: readonly string[],
  before: VerifierFailure['source'],
): VerifierFailure['source'] {
  const text = marked.find((line) => !INSTRUCTION.test(line))?.replace(/^\d+: /, '');
  if (text === undefined) return undefined;
  const [, file, line] = at.map((text) => PLACE.exec(text)).find((place) => place !== null) ?? [];
  // The sections cut long lines, which the log before them has whole.
  const isCut = text.endsWith('...') && before?.text.startsWith(text.slice(0, -3));
  return { text: isCut && before ? before.text : text, ...(file && { file, line: Number(line) }) };
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
