import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

/** Where cgroup2 is mounted; undefined on a host without. */
export const cgroupRoot: string | undefined = readFileSync('/proc/self/mounts', 'utf8')
  .split('\n')
  .map((line) => line.split(' '))
  .find(([, , type]) => type === 'cgroup2')?.[1];

/** A cgroup of the test's own. */
export class TestCgroup implements Disposable {
  readonly path: string;

  constructor(name: string) {
    this.path = `${cgroupRoot}/${name}`;
    mkdirSync(this.path);
  }

  /** Moves a process into it. */
  take(pid: number): void {
    writeFileSync(`${this.path}/cgroup.procs`, String(pid));
  }

  /** Moves a process back to the root. */
  release(pid: number): void {
    writeFileSync(`${cgroupRoot}/cgroup.procs`, String(pid));
  }

  [Symbol.dispose](): void {
    rmdirSync(this.path);
  }
}
