import type { Part, Plan, Value } from './plan.js';
import type { TraceRecord } from './record.js';
import { SOCKET_ADDRESS_BYTES, socketAddress } from './socket-address.js';

/** What is worth telling of a kernel structure, by names of its own. */
export type Fields = Record<string, unknown>;
/** Plans what to take of a structure that `at` points to, and gives what reads it from a record. */
type View = (plan: Plan, at: Value, length: Part<number> | undefined) => (record: TraceRecord) => Fields;

const TEXT_BYTES = 256;
const NAME_BYTES = 64;

/** Reads each part under its name; parts that this kernel does not have, or could not read, are left out. */
function object(parts: Record<string, Part | undefined>): (record: TraceRecord) => Fields {
  const there = Object.entries(parts).flatMap(([name, part]) => (part ? [[name, part] as const] : []));
  return (record) => {
    const fields: Fields = {};
    for (const [name, part] of there) {
      const value = part(record);
      if (value !== undefined) fields[name] = value;
    }
    return fields;
  };
}

function map<From, To>(part: Part<From> | undefined, to: (value: From) => To): Part<To> | undefined {
  return (
    part &&
    ((record) => {
      const value = part(record);
      return value === undefined ? undefined : to(value);
    })
  );
}

/** The kernel's own arrangement of a device number (include/linux/kdev_t.h), as `ls -l` and mountinfo write it. */
function device(number: number): string {
  return `${number >>> 20}:${number & 0xfffff}`;
}

function fileParts(plan: Plan, at: Value): Record<string, Part | undefined> {
  const inode = plan.pointer(at, 'file', 'f_inode');
  return {
    path: plan.path(plan.pointer(at, 'file', 'f_path.dentry'), plan.pointer(at, 'file', 'f_path.mnt')),
    flags: plan.field(at, 'file', 'f_flags'),
    ...(inode !== undefined && inodeParts(plan, inode)),
  };
}

function inodeParts(plan: Plan, at: Value): Record<string, Part | undefined> {
  const superBlock = plan.pointer(at, 'inode', 'i_sb');
  return {
    dev: map(plan.field<number>(superBlock, 'super_block', 's_dev'), device),
    ino: plan.field(at, 'inode', 'i_ino'),
    mode: plan.field(at, 'inode', 'i_mode'),
  };
}

function taskParts(plan: Plan, at: Value): Record<string, Part | undefined> {
  return {
    pid: plan.field(at, 'task_struct', 'tgid'),
    tid: plan.field(at, 'task_struct', 'pid'),
    comm: plan.field(at, 'task_struct', 'comm'),
  };
}

function socketParts(plan: Plan, at: Value | undefined): Record<string, Part | undefined> {
  return {
    family: plan.field(at, 'sock', '__sk_common.skc_family'),
    protocol: plan.field(at, 'sock', 'sk_protocol'),
  };
}

/** The structures that hooks get most, by their C names. */
export const VIEWS: Readonly<Record<string, View>> = {
  file: (plan, at) => object(fileParts(plan, at)),
  path: (plan, at) =>
    object({ path: plan.path(plan.pointer(at, 'path', 'dentry'), plan.pointer(at, 'path', 'mnt')) }),
  dentry: (plan, at) => {
    const inode = plan.pointer(at, 'dentry', 'd_inode');
    return object({ path: plan.path(at), ...(inode !== undefined && inodeParts(plan, inode)) });
  },
  inode: (plan, at) => object(inodeParts(plan, at)),
  super_block: (plan, at) =>
    object({
      id: plan.field(at, 'super_block', 's_id'),
      dev: map(plan.field<number>(at, 'super_block', 's_dev'), device),
    }),
  task_struct: (plan, at) => object(taskParts(plan, at)),
  linux_binprm: (plan, at) => {
    const file = plan.pointer(at, 'linux_binprm', 'file');
    return object({
      filename: plan.string(plan.pointer(at, 'linux_binprm', 'filename'), TEXT_BYTES),
      interp: plan.string(plan.pointer(at, 'linux_binprm', 'interp'), TEXT_BYTES),
      argc: plan.field(at, 'linux_binprm', 'argc'),
      ...(file !== undefined && fileParts(plan, file)),
    });
  },
  cred: (plan, at) =>
    object({
      uid: plan.field(at, 'cred', 'uid.val'),
      gid: plan.field(at, 'cred', 'gid.val'),
      euid: plan.field(at, 'cred', 'euid.val'),
      egid: plan.field(at, 'cred', 'egid.val'),
    }),
  sockaddr: (plan, at, length) => address(plan, at, length),
  sockaddr_unsized: (plan, at, length) => address(plan, at, length),
  socket: (plan, at) =>
    object({
      ...socketParts(plan, plan.pointer(at, 'socket', 'sk')),
      type: plan.field(at, 'socket', 'type'),
    }),
  sock: (plan, at) => object({ ...socketParts(plan, at), type: plan.field(at, 'sock', 'sk_type') }),
  vm_area_struct: (plan, at) => {
    const file = plan.pointer(at, 'vm_area_struct', 'vm_file');
    return object({
      start: plan.field(at, 'vm_area_struct', 'vm_start'),
      end: plan.field(at, 'vm_area_struct', 'vm_end'),
      flags: plan.field(at, 'vm_area_struct', 'vm_flags'),
      ...(file !== undefined && {
        path: plan.path(
          plan.pointer(file, 'file', 'f_path.dentry'),
          plan.pointer(file, 'file', 'f_path.mnt'),
        ),
      }),
    });
  },
  qstr: (plan, at) => object({ name: plan.string(plan.pointer(at, 'qstr', 'name'), TEXT_BYTES) }),
  kernel_siginfo: (plan, at) =>
    object({
      signo: plan.field(at, 'kernel_siginfo', 'si_signo'),
      code: plan.field(at, 'kernel_siginfo', 'si_code'),
    }),
  bpf_prog: (plan, at) => {
    const aux = plan.pointer(at, 'bpf_prog', 'aux');
    return object({
      name: plan.field(aux, 'bpf_prog_aux', 'name'),
      id: plan.field(aux, 'bpf_prog_aux', 'id'),
      type: plan.field(at, 'bpf_prog', 'type'),
    });
  },
  bpf_map: (plan, at) =>
    object({
      name: plan.field(at, 'bpf_map', 'name'),
      id: plan.field(at, 'bpf_map', 'id'),
      type: plan.field(at, 'bpf_map', 'map_type'),
    }),
  file_system_type: (plan, at) =>
    object({ name: plan.string(plan.pointer(at, 'file_system_type', 'name'), NAME_BYTES) }),
};

function address(plan: Plan, at: Value, length: Part<number> | undefined): (record: TraceRecord) => Fields {
  const bytes = plan.bytes(at, SOCKET_ADDRESS_BYTES);
  return (record) => {
    const found = bytes(record);
    return found ? { ...socketAddress(found, length?.(record)) } : {};
  };
}
