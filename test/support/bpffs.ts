import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A bpffs of the test's own, in a new directory. */
export class PrivateBpffs implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'bpf-lsm-test-'));
  /** Why there is none, such as a lack of privilege; undefined when it is mounted. */
  readonly refused: string | undefined;

  constructor() {
    const { status, stderr } = spawnSync('mount', ['-t', 'bpf', 'bpf', this.path, '-o', 'mode=0700'], {
      encoding: 'utf8',
    });
    this.refused = status === 0 ? undefined : stderr.trim() || 'mount cannot be run';
  }

  [Symbol.dispose](): void {
    if (this.refused === undefined) spawnSync('umount', [this.path]);
    rmdirSync(this.path);
  }
}
