/** Every operation with what its objects are, in five classes; a policy has a default for each class. */
export const OPERATIONS = {
  files: {
    read: 'file',
    write: 'file',
    append: 'file',
    create: 'file',
    remove: 'file',
    rename: 'file',
    link: 'file',
    truncate: 'file',
    chmod: 'file',
    chown: 'file',
    xattr: 'file',
    acl: 'file',
    exec: 'file',
    'map-exec': 'file',
    ioctl: 'file',
    'mount-on': 'file',
  },
  processes: {
    'exec-interpreter': 'file',
    'exec-anonymous': 'nothing',
    ptrace: 'process',
    'ptrace-read': 'process',
    signal: 'process',
    'set-uid': 'nothing',
    'set-gid': 'nothing',
    capability: 'capability',
    'create-user-namespace': 'nothing',
    'create-namespace': 'nothing',
  },
  memory: {
    'map-write-exec': 'nothing',
    'map-anonymous-exec': 'nothing',
    'make-exec': 'nothing',
    'exec-stack': 'nothing',
    'exec-heap': 'nothing',
  },
  network: {
    socket: 'socket',
    bind: 'address',
    listen: 'address',
    connect: 'address',
    accept: 'address',
    send: 'address',
  },
  kernel: {
    'load-module': 'nothing',
    bpf: 'bpf',
    kexec: 'nothing',
    perf: 'nothing',
    mount: 'mount',
    remount: 'nothing',
    umount: 'nothing',
    'move-mount': 'nothing',
    'pivot-root': 'nothing',
    chroot: 'nothing',
    swap: 'nothing',
    'set-time': 'nothing',
    syslog: 'nothing',
    lockdown: 'lockdown',
  },
} as const;

type Table = typeof OPERATIONS;

/** A class of operations: `files`, `processes`, `memory`, `network` or `kernel`. */
export type OperationClass = keyof Table;

/** An operation of one class. */
export type OperationOf<Class extends OperationClass> = Class extends OperationClass
  ? keyof Table[Class] & string
  : never;

/** The name of an operation, such as `read` or `load-module`. */
export type Operation = OperationOf<OperationClass>;

type Kinds = { [Class in OperationClass]: Table[Class] }[OperationClass];
type Every = Kinds extends infer One ? (One extends unknown ? (x: One) => void : never) : never;
type ObjectKindOfOperation = Every extends (x: infer All) => void ? All : never;

/** What the objects of an operation are: files, processes, addresses and so on; `nothing` for an operation without. */
export type Target = ObjectKindOfOperation[Operation & keyof ObjectKindOfOperation];

/** The operations whose objects are of one sort. */
export type OperationOn<Sort extends Target> = {
  [Name in keyof ObjectKindOfOperation]: ObjectKindOfOperation[Name] extends Sort ? Name : never;
}[keyof ObjectKindOfOperation];

/** The classes, in the order of the documentation. */
export const OPERATION_CLASSES: readonly OperationClass[] = Object.keys(OPERATIONS) as OperationClass[];

const CLASS_OF: ReadonlyMap<string, OperationClass> = new Map(
  OPERATION_CLASSES.flatMap((name) => Object.keys(OPERATIONS[name]).map((operation) => [operation, name])),
);

/** All operations, class by class. Their places in this list never change within an engine's version. */
export const ALL_OPERATIONS: readonly Operation[] = [...CLASS_OF.keys()] as Operation[];

/** The class of an operation. */
export function classOf(operation: Operation): OperationClass {
  return CLASS_OF.get(operation) as OperationClass;
}

/** What the objects of an operation are. */
export function targetOf(operation: Operation): Target {
  const ofClass: Readonly<Record<string, Target>> = OPERATIONS[classOf(operation)];
  return ofClass[operation] as Target;
}
