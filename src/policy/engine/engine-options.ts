/** Where the engine is. */
export interface EngineOptions {
  /** A directory on a bpffs that nobody else uses. Default `/sys/fs/bpf/bpf-lsm`. */
  directory?: string;
}

export const DIRECTORY = '/sys/fs/bpf/bpf-lsm';
