import { readFileSync } from 'node:fs';
import type { NativeMapSpec, NativeProgramSpec } from '../../../src/native.js';
import type { Kernel } from '../../support/refusals.js';

/** A load that a kernel refused. */
export interface Refusal {
  code: string;
  errno: number;
  /** What the object declares. */
  programs: NativeProgramSpec[];
  maps: NativeMapSpec[];
  /** The lines that libbpf said, the verifier's log among them. */
  log: string[];
}

export const kernels: readonly Kernel[] = ['6.1', '6.12', '7.3'];

/** What a kernel said of test/fixtures/bpf/faulty_*.bpf.c, by their names; scripts/load-failure-logs.mjs wrote it down. */
export function refusalsBy(kernel: Kernel): Readonly<Record<string, Refusal>> {
  return JSON.parse(readFileSync(new URL(`logs/${kernel}.json`, import.meta.url), 'utf8'));
}

/** The verifier's own part of what libbpf said of a program. */
export function verifierLogOf(name: string, kernel: Kernel): string {
  const said = refusalsBy(kernel)[name]?.log.join('\n') ?? '';
  return /-- BEGIN PROG LOAD LOG --\n([\s\S]*?)-- END PROG LOAD LOG --/.exec(said)?.[1] ?? '';
}
