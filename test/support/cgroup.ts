import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';

const ROOT = '/sys/fs/cgroup';

/** A cgroup of the test's own; removing it takes this process out of it first. */
export class TestCgroup implements Disposable {
  readonly path: string;
  #removed = false;

  constructor(name: string) {
    this.path = `${ROOT}/${name}`;
    mkdirSync(this.path);
  }

  /** Moves this process into the cgroup. */
  enter(): void {
    writeFileSync(`${this.path}/cgroup.procs`, String(process.pid));
  }

  leave(): void {
    writeFileSync(`${ROOT}/cgroup.procs`, String(process.pid));
  }

  remove(): void {
    if (this.#removed) return;
    this.#removed = true;
    this.leave();
    rmdirSync(this.path);
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}
