import { readFileSync } from 'node:fs';
import type { KernelFacts } from '../../src/policy/plan/index.js';

/** What {@link kernelFacts} says of a kernel in a guest, which a test in guests holds it to. */
export function recordedFacts(line: '6.1' | '6.12' | '7.3'): KernelFacts {
  const file = new URL(`../fixtures/kernels/${line}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as KernelFacts;
}
