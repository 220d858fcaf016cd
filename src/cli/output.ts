import { styleText } from 'node:util';

/** Colours, on a terminal and unless NO_COLOR says otherwise. */
export function paint(color: 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold', text: string): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? styleText(color, text) : text;
}

/** One value as JSON; bigints, which JSON does not have, as decimal strings, and bytes as lists of numbers. */
export function printJson(value: unknown): void {
  process.stdout.write(`${jsonText(value, 2)}\n`);
}

/** The same on one line, for values that come one after another. */
export function printJsonLine(value: unknown): void {
  process.stdout.write(`${jsonText(value)}\n`);
}

/** The same as text, on one line unless `indent` says otherwise. */
export function jsonText(value: unknown, indent?: number): string {
  const plain = (_: string, part: unknown) => {
    if (typeof part === 'bigint') return String(part);
    return part instanceof Uint8Array ? [...part] : part;
  };
  return JSON.stringify(value, plain, indent);
}

/** Rows below each other, each column as wide as its widest cell; the last is left as long as it is. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [paint('bold', line(head)), ...rows.map(line)].map((text) => `${text}\n`).join('');
}
