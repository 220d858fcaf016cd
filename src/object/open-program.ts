import { type NativeProgramSpec, native, type ObjectHandle } from '../native.js';
import { hookOf } from './program.js';

/** A program before load. */
export interface OpenProgram {
  readonly name: string;
  /** The ELF section, such as `lsm/file_open`. */
  readonly section: string;
  /** The LSM hook, such as `file_open`; undefined for other programs. */
  readonly hook: string | undefined;
  /** libbpf's name of the program type, such as `lsm`. */
  readonly type: string;
  /** Whether load() loads it; assign to change. */
  autoload: boolean;
}

/**
 * A program of an object that is open.
 *
 * @param assertOpen - throws when the object can no longer be edited
 */
export function openProgram(
  object: ObjectHandle,
  spec: NativeProgramSpec,
  assertOpen: () => void,
): OpenProgram {
  const { name, section, type } = spec;
  let { autoload } = spec;
  return {
    name,
    section,
    hook: hookOf(section),
    type,
    get autoload() {
      return autoload;
    },
    set autoload(value) {
      assertOpen();
      native().objectSetAutoload(object, name, value);
      autoload = value;
    },
  };
}
