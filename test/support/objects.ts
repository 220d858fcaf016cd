import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);

/** An object of the test fixtures, such as `kinds`. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`build/test/bpf/${name}.bpf.o`, root));
}

/** An object that the package ships, such as `examples/exec_count`. */
export function shipped(name: string): string {
  return fileURLToPath(new URL(`dist/bpf/${name}.bpf.o`, root));
}

/** A program of the fixtures that was built for this machine. */
export function program(name: string): string {
  return fileURLToPath(new URL(`build/test/${name}`, root));
}

/** A script of test/children. */
export function childScript(name: string): string {
  return fileURLToPath(new URL(`test/children/${name}.mjs`, root));
}
