import type { OperationOf } from '../model/index.js';
import type { Carriers } from './carriers.js';

const OPENED_BEFORE = 'Descriptors that were open before the policy was applied go on working.';
const ONLY_A_DENTRY =
  'The hooks are told no mount: directories above the root of the file system are not met, only those inside it.';
const KERNEL_NFS = 'The NFS server of the kernel works below these hooks: what its clients do is not seen.';

/** What carries the operations on files. */
export const FILES: { readonly [Name in OperationOf<'files'>]: Carriers } = {
  read: {
    meaning: 'A file or a directory is opened for reading, or an open one is mapped readable or received.',
    routes: [
      { how: 'open(2) and its kin, also by io_uring and open_by_handle_at(2)', hooks: ['file_open'] },
      { how: 'a descriptor received over a unix socket', hooks: ['file_receive'] },
      { how: 'mmap(2) of an open file', hooks: ['mmap_file'] },
    ],
    blind: [
      OPENED_BEFORE,
      'stat(2), readlink(2) and the mere existence of a file are no reading, nor is opening with O_PATH.',
      'What the kernel reads to execute a file is exec.',
    ],
  },
  write: {
    meaning:
      'A file is opened for writing, not only for appending, or an open one is mapped writable and shared or received.',
    routes: [
      { how: 'open(2) and its kin, also by io_uring and open_by_handle_at(2)', hooks: ['file_open'] },
      { how: 'a descriptor received over a unix socket', hooks: ['file_receive'] },
      { how: 'mmap(2) of an open file, shared', hooks: ['mmap_file'] },
      { how: 'mprotect(2) of a shared mapping', hooks: ['file_mprotect'] },
    ],
    blind: [
      OPENED_BEFORE,
      'Truncating, renaming and changing attributes are operations of their own.',
      'What the kernel itself writes, such as core dumps by a usermode helper, is not seen as the work of the process.',
    ],
  },
  append: {
    meaning: 'A file is opened for writing with O_APPEND; taking the flag away afterwards is writing.',
    routes: [
      { how: 'open(2) and its kin with O_APPEND', hooks: ['file_open'] },
      { how: 'fcntl(2) with F_SETFL, without O_APPEND', hooks: ['file_fcntl'] },
      { how: 'mmap(2) of an open file, shared', hooks: ['mmap_file'] },
      { how: 'mprotect(2) of a shared mapping', hooks: ['file_mprotect'] },
    ],
    blind: [
      OPENED_BEFORE,
      'fallocate(2) and pwritev2(2) with RWF_NOAPPEND can change what is there already.',
    ],
  },
  create: {
    meaning:
      'A name comes to be in a directory: a file, a directory, a symbolic link, a device, a pipe or a socket.',
    routes: [
      { how: 'open(2) with O_CREAT, mknod(2), bind(2) of a unix socket', hooks: ['path_mknod'] },
      { how: 'mkdir(2)', hooks: ['path_mkdir'] },
      { how: 'symlink(2)', hooks: ['path_symlink'] },
    ],
    blind: [
      'A file that is opened with O_TMPFILE has no name; giving it one is link.',
      'link(2) and rename(2) are operations of their own.',
      KERNEL_NFS,
    ],
  },
  remove: {
    meaning: 'A name goes away.',
    routes: [
      { how: 'unlink(2)', hooks: ['path_unlink'] },
      { how: 'rmdir(2)', hooks: ['path_rmdir'] },
    ],
    blind: [KERNEL_NFS],
  },
  rename: {
    meaning:
      'A name changes, or two are exchanged. Both places are judged: as rename, as remove of what goes, as create of what comes. What is denied under the old name has to be denied under the new one.',
    routes: [{ how: 'rename(2), renameat2(2)', hooks: ['path_rename'] }],
    blind: [
      'Moving a directory moves what is in it: rules for what is in it are not asked.',
      'What rules of the network say of unix sockets under the old name is not asked: deny the rename too.',
      KERNEL_NFS,
    ],
  },
  link: {
    meaning:
      'A file gets a further name. Both places are judged: as link, the new one as create. What is denied under the old name has to be denied under the new one.',
    routes: [{ how: 'link(2), linkat(2)', hooks: ['path_link'] }],
    blind: [
      'Further names that were there before the policy lead past rules for the directory of another.',
      KERNEL_NFS,
    ],
  },
  truncate: {
    meaning: 'The size of a file is changed.',
    routes: [
      { how: 'truncate(2)', hooks: ['path_truncate'] },
      { how: 'ftruncate(2), open(2) with O_TRUNC', hooks: ['file_truncate', 'path_truncate'] },
    ],
    blind: ['fallocate(2) on an open file can punch holes into it: that is writing.'],
  },
  chmod: {
    meaning: 'The mode of a file is changed.',
    routes: [{ how: 'chmod(2) and its kin', hooks: ['path_chmod'] }],
    blind: ['An access control list changes the mode as well: that is acl.', KERNEL_NFS],
  },
  chown: {
    meaning: 'The owner or the group of a file is changed.',
    routes: [{ how: 'chown(2) and its kin', hooks: ['path_chown'] }],
    blind: [KERNEL_NFS],
  },
  xattr: {
    meaning: 'An extended attribute is set or removed, file capabilities among them.',
    routes: [
      { how: 'setxattr(2) and its kin', hooks: ['inode_setxattr'] },
      { how: 'removexattr(2) and its kin', hooks: ['inode_removexattr'] },
    ],
    blind: [ONLY_A_DENTRY, 'Before Linux 6.2 access control lists are extended attributes like others.'],
  },
  acl: {
    meaning: 'An access control list is set or removed.',
    routes: [
      { how: 'setxattr(2) of system.posix_acl_*', hooks: ['inode_set_acl', 'inode_setxattr'] },
      { how: 'removexattr(2) of system.posix_acl_*', hooks: ['inode_remove_acl', 'inode_removexattr'] },
    ],
    blind: [ONLY_A_DENTRY],
  },
  exec: {
    meaning: 'A file is executed; of a script, its interpreter as well.',
    routes: [
      { how: 'execve(2), execveat(2), fexecve(3)', hooks: ['bprm_creds_for_exec'] },
      {
        how: 'the interpreter of a script, by its #! line or by binfmt_misc',
        hooks: ['bprm_check_security'],
      },
    ],
    blind: [
      'The dynamic loader, run by hand, maps a program instead of executing it: deny map-exec as well.',
      'An interpreter that is given a script as an argument reads it: deny read, or exec of the interpreter.',
    ],
  },
  'map-exec': {
    meaning: 'A file is mapped executable: a library or, by the loader, a program.',
    routes: [
      { how: 'mmap(2) with PROT_EXEC, and what execve(2) maps', hooks: ['mmap_file'] },
      { how: 'mprotect(2) with PROT_EXEC of a mapped file', hooks: ['file_mprotect'] },
    ],
    blind: [
      'Code that is copied into anonymous memory is not of the file any more: see map-anonymous-exec and make-exec.',
      'Mappings that were there before the policy stay.',
    ],
  },
  ioctl: {
    meaning: 'A device or file is told to do something.',
    routes: [
      { how: 'ioctl(2)', hooks: ['file_ioctl'] },
      { how: 'ioctl(2) of a 32-bit process', hooks: ['file_ioctl_compat', 'file_ioctl'] },
      { how: 'IORING_OP_URING_CMD', hooks: ['uring_cmd'], absentWithout: true },
    ],
    blind: [
      'Before file_ioctl_compat (Linux 6.8, and stable kernels after it) ioctl(2) of 32-bit processes is not seen by all kernels.',
    ],
  },
  'mount-on': {
    meaning: 'Something is mounted on a directory or a file.',
    routes: [
      { how: 'mount(2)', hooks: ['sb_mount'] },
      { how: 'move_mount(2)', hooks: ['move_mount'] },
    ],
    blind: [
      'Automounts are made by the kernel.',
      'Mounts that reach it by propagation from elsewhere are not judged again.',
    ],
  },
};
