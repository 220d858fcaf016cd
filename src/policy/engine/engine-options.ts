/** Where the engine is. */
export interface EngineOptions {
  /** A directory on a bpffs that nobody else uses. Default `/sys/fs/bpf/bpf-lsm`. */
  directory?: string;
  /**
   * The maintenance token, where the policies are guarded (`guard` of applyPolicies()): to whatever changes them, and
   * who is in a domain. The guard lets this process pass for as long as the call takes.
   */
  token?: string;
}

export const DIRECTORY = '/sys/fs/bpf/bpf-lsm';
