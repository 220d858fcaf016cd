import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { BpfProgram, Cgroup } from '../../src/index.js';
import { native } from '../../src/native.js';
import { program as built } from './objects.js';

/** linux/bpf.h BPF_F_*; none: no other may be attached. */
export const ATTACH_FLAGS = { none: 0, override: 1, multi: 2, multiPreorder: 2 | 64 } as const;

/** Attaches without a link, as others may have done; 0, or the errno. */
export function attachWithoutLink(
  program: BpfProgram,
  cgroup: Cgroup,
  flags: keyof typeof ATTACH_FLAGS,
): number {
  const pin = `/sys/fs/bpf/attach-without-link-${process.pid}`;
  const type = native().attachTypeNumber(program.attachType ?? '') ?? 0;
  program.pin(pin);
  try {
    const words = [cgroup.path, pin, type, ATTACH_FLAGS[flags]].map(String);
    return spawnSync(built('attach_without_link'), words).status ?? -1;
  } finally {
    rmSync(pin);
  }
}
