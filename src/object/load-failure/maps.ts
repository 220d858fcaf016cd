import { bpfIsActive } from '../consulted.js';
import { kernelEnum } from '../kernel-types.js';
import type { Explanation, Failure } from './failure.js';

export function pinElsewhere({ map, libbpf }: Failure): Explanation | undefined {
  const pin = /specified path (.+) is not on BPF FS/.exec(libbpf)?.[1];
  if (!map || !pin) return undefined;
  return {
    why: `it is to be pinned to ${pin}, which is not on a bpffs`,
    reason: 'input',
    hint: 'mount one with: mount -t bpf bpf /sys/fs/bpf -o mode=0700',
  };
}

export function pinTaken({ map, libbpf }: Failure): Explanation | undefined {
  const [, taken, difference] = /couldn't reuse pinned map at '(.+)': (.+)/.exec(libbpf) ?? [];
  if (!map || !taken) return undefined;
  return {
    why: `the map that is pinned at ${taken} is another one (${difference})`,
    reason: 'input',
    hint: 'remove that pin, or choose another path',
  };
}

export function unknownMapType({ map, error }: Failure): Explanation | undefined {
  if (!map || error.code !== 'EINVAL') return undefined;
  const known = kernelEnum('bpf_map_type');
  if (!known || known.has(`BPF_MAP_TYPE_${map.type.toUpperCase()}`)) return undefined;
  // A name may have changed; a number is one that no name is known for.
  const number = Number(map.type);
  if (!Number.isNaN(number) && [...known.values()].includes(number)) return undefined;
  return {
    why: `this kernel has no map type ${map.type}`,
    reason: 'kernel',
    hint: 'declare a map of another type, or load another object on this kernel',
  };
}

// kernel/bpf/bpf_inode_storage.c inode_storage_map_alloc(), since Linux 7.3.
export function storageWithoutLsm({ map, error }: Failure): Explanation | undefined {
  if (map?.type !== 'inode_storage' || error.code !== 'EOPNOTSUPP') return undefined;
  const { reason, fix } = bpfIsActive();
  return { why: `storage for inodes takes BPF as an active LSM: ${reason}`, reason: 'kernel', hint: fix };
}

// kernel/bpf/bpf_local_storage.c bpf_local_storage_map_alloc_check()
export function storageDeclaration({ map, error }: Failure): Explanation | undefined {
  if (error.code !== 'EINVAL' || !map || !/^(task|inode|sk|cgrp)_storage$/.test(map.type)) return undefined;
  return {
    why: 'the kernel refuses its declaration',
    reason: 'input',
    hint: `local storage is declared with __uint(map_flags, BPF_F_NO_PREALLOC), __type(key, int), a value with -g, and no max_entries`,
  };
}

export function outOfMemory({ map, error }: Failure): Explanation | undefined {
  if (!map || (error.code !== 'ENOMEM' && error.code !== 'E2BIG')) return undefined;
  return {
    why: `there is no room for its ${map.maxEntries} entries of ${map.keySize} and ${map.valueSize} bytes`,
    reason: 'input',
    hint: 'lower maxEntries before load()',
  };
}

export function refusedMap({ map }: Failure): Explanation | undefined {
  if (!map) return undefined;
  return {
    why: 'the kernel refuses its type, sizes, flags or number of entries',
    reason: 'input',
    hint: `it is declared as ${map.type} with key_size ${map.keySize}, value_size ${map.valueSize}, max_entries ${map.maxEntries}, map_flags ${map.flags}`,
  };
}

// kernel/bpf/verifier.c check_map_prog_compatibility(); Linux 7.3 takes all of them.
export function mapInSleepable({ words }: Failure): Explanation | undefined {
  const kinds = /Sleepable programs can only use (.+) maps/.exec(words)?.[1];
  if (!kinds) return undefined;
  return {
    why: `programs that may sleep can use only ${kinds} maps on this kernel`,
    reason: 'kernel',
    hint: 'make it a program that does not sleep (lsm/ instead of lsm.s/), or use another map type',
  };
}
