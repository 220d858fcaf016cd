import { type FSWatcher, watch } from 'node:fs';
import { posix } from 'node:path';

/**
 * Resolves when `isRemoved` is true. Asked at every change in the directory above, where the removal shows
 * (fs/namei.c vfs_rmdir() tells watchers, of cgroups as of other directories), and whenever that goes too.
 */
export async function removalOf(
  path: string,
  isRemoved: () => boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  // Watched before it is asked, so that nothing falls between.
  using changes = new Changes(posix.dirname(path), signal);
  while (!isRemoved()) {
    await changes.next();
    signal?.throwIfAborted();
  }
}

/** Changes among the entries of a directory. */
class Changes implements Disposable {
  readonly #watcher: FSWatcher | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #wake = (): void => {
    this.#changed = true;
    this.#resolve?.();
  };
  #changed = false;
  #resolve: (() => void) | undefined;

  constructor(directory: string, signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener('abort', this.#wake);
    try {
      this.#watcher = watch(directory, this.#wake).on('error', this.#wake);
    } catch {
      // It is gone already, and with it what is below.
      this.#changed = true;
    }
  }

  async next(): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.#signal?.removeEventListener('abort', this.#wake);
    this.#watcher?.close();
  }
}
