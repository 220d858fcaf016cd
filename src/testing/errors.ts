/** What went wrong, by name. */
export type VmErrorCode =
  /** A program this machine lacks; the message names the Debian package. */
  | 'MISSING_PROGRAM'
  /** An option that makes no sense. */
  | 'BAD_OPTION'
  /** The kernel could neither be fetched nor found in the cache. */
  | 'NO_KERNEL'
  /** The cache, or the directory for temporary files, is full or may not be written; the message names it. */
  | 'UNWRITABLE'
  /** The private view of the host's files could not be made. */
  | 'NO_SANDBOX'
  /** The guest did not come up within its time limit. */
  | 'BOOT_TIMEOUT'
  /** The guest's kernel panicked. */
  | 'PANIC'
  /** QEMU or virtiofsd ended by itself. */
  | 'GUEST_DIED'
  /** A guest that does not answer any more. */
  | 'GUEST_HANGS'
  /** A command that ran past its time limit and was killed. */
  | 'TIMEOUT'
  /** A command that was killed because its AbortSignal fired. */
  | 'ABORTED'
  /** A process that ran vitest's test files in a guest and ended before they did. */
  | 'WORKER_DIED'
  /** A guest that has been closed. */
  | 'CLOSED';

/** Fields of a {@link VmError}; all optional. */
export interface VmErrorFields {
  /** The last lines the guest's kernel and QEMU printed. */
  readonly console?: readonly string[];
  /** The command the error is about. */
  readonly command?: readonly string[];
  /** What the command had printed by then. */
  readonly stdout?: string;
  /** What the command had printed by then. */
  readonly stderr?: string;
  readonly cause?: unknown;
}

/**
 * Everything the VM kit throws. `message` is one sentence: what failed, on what, why, and what to do;
 * for a guest that died the console's last lines follow it.
 */
export class VmError extends Error {
  override readonly name: string = 'VmError';
  readonly code: VmErrorCode;
  /** The last lines the guest's kernel and QEMU printed, oldest first; empty when no guest was involved. */
  readonly console: readonly string[];
  readonly command: readonly string[] | undefined;
  readonly stdout: string | undefined;
  readonly stderr: string | undefined;

  constructor(code: VmErrorCode, message: string, fields: VmErrorFields = {}) {
    const tail = fields.console ?? [];
    super(
      tail.length > 0 ? `${message}\n${tail.map((line) => `  | ${line}`).join('\n')}` : message,
      fields.cause === undefined ? undefined : { cause: fields.cause },
    );
    this.code = code;
    this.console = tail;
    this.command = fields.command;
    this.stdout = fields.stdout;
    this.stderr = fields.stderr;
  }
}
