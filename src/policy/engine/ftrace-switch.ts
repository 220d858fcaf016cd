import { readFileSync, writeFileSync } from 'node:fs';

// kernel/trace/ftrace.c ftrace_enable_sysctl(): on 6.1 and 6.12 a 0 in it takes all LSM programs out of the kernel's way, 7.3
// refuses it.
const FTRACE_ENABLED = '/proc/sys/kernel/ftrace_enabled';

/** Whether this kernel takes what is written to kernel.ftrace_enabled: tried with what is there. */
export function ftraceCanBeSwitchedOff(): boolean {
  try {
    writeFileSync(FTRACE_ENABLED, readFileSync(FTRACE_ENABLED));
    return true;
  } catch (error) {
    // There is none, or it is read only.
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'EOPNOTSUPP' && code !== 'ENOTSUP';
  }
}
