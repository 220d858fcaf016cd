import { stripVTControlCharacters } from 'node:util';

/** The last lines a guest printed on its serial console. */
export class ConsoleTail {
  readonly #kept: string[] = [];
  readonly #limit: number;
  readonly #onLine: ((line: string) => void) | undefined;
  #partial = '';

  constructor(limit: number, onLine?: (line: string) => void) {
    this.#limit = limit;
    this.#onLine = onLine;
  }

  push(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const raw of lines) {
      // The firmware's screen control sequences are no text.
      const line = stripVTControlCharacters(raw).replaceAll('\r', '');
      this.#kept.push(line);
      if (this.#kept.length > this.#limit) this.#kept.shift();
      this.#onLine?.(line);
    }
  }

  get lines(): readonly string[] {
    return this.#partial === '' ? this.#kept : [...this.#kept, this.#partial];
  }

  /** What the kernel said it died of, or undefined. */
  get panic(): string | undefined {
    return this.lines.map((line) => /Kernel panic - not syncing: .*/.exec(line)?.[0]).find(Boolean);
  }
}
