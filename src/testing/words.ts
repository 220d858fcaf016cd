/** Quotes words for the guest's agent, which reads a line of them: a newline is the agent's variable `nl`. */
export function quoteWords(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`).replaceAll('\n', `'"$nl"'`)}'`).join(' ');
}

/** What a command needs besides its arguments. */
export interface CommandWords {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
}

/** Names the guest's shell can export; others go through `env`. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The words of a command line for the agent: directory, NAME=VALUE..., `--`, program, arguments. */
export function commandWords(command: CommandWords): string[] {
  const pairs = Object.entries(command.env);
  const exported = pairs.filter(([name]) => NAME.test(name)).map(([name, value]) => `${name}=${value}`);
  const others = pairs.filter(([name]) => !NAME.test(name)).map(([name, value]) => `${name}=${value}`);
  const prefix = others.length > 0 ? ['/run/vm/busybox', 'env', ...others] : [];
  return [command.cwd, ...exported, '--', ...prefix, ...command.argv];
}
