import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Files without a name that something here could forget: BPF objects, perf events, event polls, process handles. */
const WATCHED = /^anon_inode:(?:bpf|btf|\[(?:bpf|btf|perf_event|eventpoll|eventfd|pidfd)|\[?iter)/;

/** A mapping of a map's memory or of a perf event's buffer. */
const MAPPED = /anon_inode:\[?(?:bpf|perf_event)/;

/** What tells one of them from another, in /proc/self/fdinfo. */
const TELLING = /^(?:map_type|map_id|prog_type|prog_id|prog_tag|link_type|link_id|btf_id|Pid):\s+\S+/gm;

/**
 * What this process holds that the kernel counts: descriptors and mappings, each with what it is of. The number of a
 * descriptor is not part of it: it says nothing.
 */
export function kernelResources(): string[] {
  const files = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (!WATCHED.test(target)) return [];
      const told = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(TELLING) ?? [];
      return [`descriptor of ${target}: ${told.map((line) => line.replace(/:\s+/, ' ')).join(', ')}`];
    } catch {
      return []; // It was closed while it was looked at.
    }
  });
  const mappings = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => MAPPED.test(line))
    .map((line) => `mapping of ${line.split(/\s+/).slice(5).join(' ')}: ${sizeOf(line)} bytes`);
  return [...files, ...mappings].sort();
}

function sizeOf(line: string): bigint {
  const [, start = '0', end = '0'] = /^([0-9a-f]+)-([0-9a-f]+)/.exec(line) ?? [];
  return BigInt(`0x${end}`) - BigInt(`0x${start}`);
}

/** Those of `after` that are more than in `before`. */
export function beyond(before: readonly string[], after: readonly string[]): string[] {
  const known = [...before];
  return after.filter((resource) => {
    const at = known.indexOf(resource);
    if (at !== -1) known.splice(at, 1);
    return at === -1;
  });
}
