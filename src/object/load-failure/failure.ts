import type { BpfError, BpfErrorReason, VerifierFailure } from '../../errors.js';
import type { NativeMapSpec, NativeProgramSpec } from '../../native.js';
import { hookOf } from '../program.js';
import { endOf, lastWords, readVerifierLog } from '../verifier-log.js';

/** All that is known about a failed load. */
export interface Failure {
  object: string;
  error: BpfError;
  /** What libbpf said, without the verifier's log. */
  libbpf: string;
  /** The programs that were to be loaded. */
  programs: readonly NativeProgramSpec[];
  /** The one that could not be, if it was a program. */
  program?: NativeProgramSpec | undefined;
  /** The LSM hook of the program. */
  hook?: string | undefined;
  map?: NativeMapSpec | undefined;
  verifierLog?: string | undefined;
  /** What the log says of the failure: see {@link VerifierFailure}. */
  verifier?: VerifierFailure | undefined;
  /** What the verifier has to say at the end of its log: no instructions, no source. */
  words: string;
  /** The last instructions with what they do, the source between them, and the words. */
  lines: string;
}

export interface Explanation {
  /** The rest of the sentence that begins with the program, map or object. */
  why: string;
  reason: BpfErrorReason;
  hint?: string | undefined;
}

/** Knows one class of failure, and answers undefined for the others. */
export type Explainer = (failure: Failure) => Explanation | undefined;

/** What an object declares. */
export interface Declared {
  name: string;
  programs: readonly NativeProgramSpec[];
  maps: readonly NativeMapSpec[];
}

const BEGIN = '-- BEGIN PROG LOAD LOG --\n';
const END = '-- END PROG LOAD LOG --';

/** Takes what libbpf said apart. */
export function dissect({ name, programs, maps }: Declared, error: BpfError): Failure {
  const { libbpf, verifierLog } = splitLog(error.libbpfLog ?? '');
  const programName = /prog '([^']+)': (?:BPF program load failed|failed to)/.exec(libbpf)?.[1];
  const program = programs.find((spec) => spec.name === programName);
  // libbpf says `guard.bss` for the section that is called `.bss` here.
  const mapName = /map '(?:[^'.]*(?=\.))?([^']+)': failed to create/.exec(libbpf)?.[1];
  return {
    object: name,
    error,
    libbpf,
    programs: programs.filter(({ autoload }) => autoload),
    program,
    hook: program && hookOf(program.section),
    map: program ? undefined : maps.find((spec) => spec.name === mapName),
    verifierLog,
    verifier: verifierLog ? readVerifierLog(verifierLog) : undefined,
    words: lastWords(verifierLog ?? ''),
    lines: endOf(verifierLog ?? ''),
  };
}

function splitLog(said: string): { libbpf: string; verifierLog?: string } {
  const begin = said.indexOf(BEGIN);
  const end = said.lastIndexOf(END);
  if (begin === -1 || end < begin) return { libbpf: said };
  return {
    libbpf: said.slice(0, begin) + said.slice(end + END.length),
    verifierLog: said.slice(begin + BEGIN.length, end),
  };
}
