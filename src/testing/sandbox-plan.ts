/** What the sandbox's first process is told, as one line of JSON on its standard input. */
export interface SandboxPlan {
  /** An empty directory on which the host's file system appears read-only. */
  readonly root: string;
  /** Programs that listen on a socket and must do so before QEMU starts. */
  readonly servers: readonly SandboxServer[];
  readonly qemu: readonly string[];
  /** The user QEMU runs as when the sandbox is root's by way of sudo. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

export interface SandboxServer {
  readonly argv: readonly string[];
  readonly socket: string;
}

/** What it reports: one line on standard error with {@link reportPrefix} before the JSON. */
export type SandboxReport =
  | { readonly failed: string }
  | { readonly ended: { readonly code: number | null; readonly signal: string | null } };

export const reportPrefix = 'bpf-lsm-sandbox: ';
