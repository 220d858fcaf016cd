import { createRequire } from 'node:module';
import type { z } from 'zod';

/** Makes something when it is first asked for, and gives the same from then on. */
export function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const require = createRequire(import.meta.url);

/** zod, which takes longer to load than all else together: not before somebody has a policy. */
export const zod: () => typeof z = lazily(() => (require('zod') as { z: typeof z }).z);
