import { native } from '../../native.js';
import type { Finding } from '../../object/index.js';

/** Whether the libbpf that is loaded can do something: it has an entry point that came with it, or of its version. @internal */
export function libbpfHas(symbol: string, since: string): Finding {
  const version = native().libbpfVersion();
  return native().libbpfHas(symbol)
    ? { verdict: 'yes', reason: `libbpf ${version} can` }
    : {
        verdict: 'no',
        reason: `libbpf ${version} cannot, libbpf ${since} can`,
        fix: `install libbpf ${since} or newer`,
      };
}
