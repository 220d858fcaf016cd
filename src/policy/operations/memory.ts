import type { OperationOf } from '../model/index.js';
import type { Carriers } from './carriers.js';

const MAPPED_BEFORE = 'Memory that was mapped so before the policy stays.';
// mm/vma.c do_brk_flags(): no LSM is asked, and VM_DATA_DEFAULT_FLAGS has VM_EXEC with that personality.
const GROWN_BY_BRK =
  'With personality(2) READ_IMPLIES_EXEC, what brk(2) adds to the heap is writable and executable, and no LSM is asked: have seccomp deny personality(2).';

/** What carries the operations on memory. */
export const MEMORY: { readonly [Name in OperationOf<'memory'>]: Carriers } = {
  'map-write-exec': {
    meaning: 'Memory becomes writable and executable at once.',
    routes: [
      { how: 'mmap(2), shmat(2), remap_file_pages(2)', hooks: ['mmap_file'] },
      { how: 'mprotect(2), pkey_mprotect(2)', hooks: ['file_mprotect'] },
    ],
    blind: [
      MAPPED_BEFORE,
      GROWN_BY_BRK,
      'One file that is mapped twice, writable here and executable there, is not writable and executable at once.',
    ],
  },
  'map-anonymous-exec': {
    meaning: 'Executable memory is mapped that is of no file.',
    routes: [{ how: 'mmap(2) with PROT_EXEC and MAP_ANONYMOUS', hooks: ['mmap_file'] }],
    blind: [
      MAPPED_BEFORE,
      GROWN_BY_BRK,
      'Anonymous memory that becomes executable later is make-exec; memory of memfd_create(2) is of a file.',
    ],
  },
  'make-exec': {
    meaning: 'Memory becomes executable that was not.',
    routes: [{ how: 'mprotect(2), pkey_mprotect(2)', hooks: ['file_mprotect'] }],
    blind: [MAPPED_BEFORE, 'Relocations in the text of old programs need it.'],
  },
  'exec-stack': {
    meaning: 'The stack becomes executable.',
    routes: [{ how: 'mprotect(2), pkey_mprotect(2)', hooks: ['file_mprotect'] }],
    blind: [
      'A program whose header asks for an executable stack gets it from execve(2), unseen.',
      'Only the stack of the first thread is a stack to the kernel.',
    ],
  },
  'exec-heap': {
    meaning: 'The heap, which brk(2) makes, becomes executable.',
    routes: [{ how: 'mprotect(2), pkey_mprotect(2)', hooks: ['file_mprotect'] }],
    blind: [GROWN_BY_BRK, 'What malloc(3) has from mmap(2) is no heap to the kernel.'],
  },
};
