import { BpfObject } from '../../dist/index.js';

export const ENTRIES = 10_000; // of every map of bench.bpf.c

const [, , path] = process.argv;
let loaded;

/** bench.bpf.o, loaded at the first call. */
export function benchObject(options = {}) {
  loaded ??= BpfObject.open(path, options).load();
  return loaded;
}
