import type { BpfError } from '../errors.js';
import type { BpfProgram } from './program.js';

/** What became of a program of the object file at load. */
export type ProgramReport =
  /** It is loaded. */
  | { readonly state: 'loaded'; readonly program: BpfProgram }
  /** It was not to be loaded: its autoload is off. */
  | { readonly state: 'off' }
  /** The kernel refused it, for the reason in `error`; of alternatives, `instead` of it that one is loaded. */
  | { readonly state: 'refused'; readonly error: BpfError; readonly instead: string | undefined }
  /** It is an alternative to a program that is loaded, and was not needed. */
  | { readonly state: 'spare'; readonly instead: string };
