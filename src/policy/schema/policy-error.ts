import { BpfError } from '../../errors.js';

/** One thing that is wrong with a policy. */
export interface PolicyProblem {
  /** Where in the policy, as keys and indices from its top: `['rules', 2, 'deny', 0]`. */
  readonly path: readonly (string | number)[];
  /** What is wrong and what to do, as a sentence. */
  readonly message: string;
  /** Of a file: its name, as it was given. */
  readonly file?: string;
  /** Of a text: the line, from 1 on. */
  readonly line?: number;
  /** Of a text: the column, from 1 on, in UTF-16 units. */
  readonly column?: number;
}

/** Policies that are not valid; all that is wrong with them is in `problems`. Its `code` is `ERR_BPF_POLICY`. */
export class PolicyError extends BpfError {
  /** In the order in which they stand in the text. */
  readonly problems: readonly PolicyProblem[];

  /**
   * @param what - what is not valid: a file, or the policy by its name
   * @param problems - at least one
   */
  constructor(what: string, problems: readonly PolicyProblem[], path?: string) {
    const [first] = problems;
    const text =
      first && problems.length === 1
        ? `${what} is not valid: ${problemText(first)}`
        : [`${what} is not valid, for ${problems.length} reasons:`, ...problems.map(problemText)].join(
            '\n  ',
          );
    super(text, { code: 'ERR_BPF_POLICY', reason: 'input', path });
    this.problems = problems;
  }

  static {
    Object.defineProperty(PolicyError.prototype, 'name', {
      value: 'PolicyError',
      configurable: true,
      writable: true,
    });
  }
}

/** A problem on one line, as compilers print them: `web.yaml:3:5: rules[0].deny[1]: there is no operation "raed"; ...`. */
export function problemText({ file, line, column, path, message }: PolicyProblem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return [place, pathText(path), message].filter((part) => part !== '').join(': ');
}

function pathText(path: readonly (string | number)[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}
