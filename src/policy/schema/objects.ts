import type { z } from 'zod';
import {
  ADDRESS_FAMILIES,
  type AddressObject,
  type BpfCallObject,
  CAPABILITIES,
  type ExecutableObject,
  type FileObject,
  formatAddress,
  type IdRange,
  type ObjectsOf,
  type PortRange,
  PROTOCOLS,
  type ProcessObject,
  parseNetwork,
  SOCKET_TYPES,
  type SocketObject,
  type Target,
  type Transport,
} from '../model/index.js';
import type {
  AddressObjectInput,
  BpfCallObjectInput,
  ExecutableInput,
  FileObjectInput,
  IdInput,
  ObjectInputs,
  PortInput,
  ProcessObjectInput,
  SocketObjectInput,
} from './input.js';
import { lazily, zod } from './lazily.js';
import {
  abstractNameSchema,
  enumeratorSchema,
  fileNameSchema,
  fileSystemSchema,
  idSchema,
  mountedTypeSchema,
  networkSchema,
  pathSchema,
  portSchema,
} from './leaves.js';

/** What makes schemas. */
type Zod = ReturnType<typeof zod>;

/** Ids, as one or as a range. */
export const idRangeSchema: () => z.ZodType<IdRange, IdInput> = lazily(() => rangeOf(zod(), idSchema()));

/** An executable. */
export const executableSchema: () => z.ZodType<ExecutableObject, ExecutableInput> = lazily(() =>
  zod().union([byPath(zod()), beneath(zod())]),
);

type ObjectSchemas = {
  readonly [Sort in Exclude<Target, 'nothing'>]: z.ZodType<ObjectsOf[Sort], ObjectInputs[Sort]>;
};

/** The objects of each sort of operations. */
export const objectSchemas: () => ObjectSchemas = lazily(() => {
  const z = zod();
  return {
    file: fileObject(z),
    process: processObject(z),
    capability: z
      .strictObject({ capability: z.enum(CAPABILITIES) })
      .transform(({ capability }) => ({ kind: 'capability' as const, capability })),
    socket: socketObject(z),
    address: addressObject(z),
    bpf: bpfCallObject(z),
    mount: z
      .strictObject({ fileSystem: fileSystemSchema() })
      .transform(({ fileSystem }) => ({ kind: 'mount-type' as const, type: fileSystem })),
    lockdown: z
      .strictObject({ lockdown: enumeratorSchema('LOCKDOWN_', 'LOCKDOWN_DEV_MEM') })
      .transform(({ lockdown }) => ({ kind: 'lockdown-reason' as const, reason: lockdown })),
  };
});

function byPath(z: Zod) {
  return z.strictObject({ path: pathSchema() }).transform(({ path }) => ({ kind: 'path' as const, path }));
}

function beneath(z: Zod) {
  return z
    .strictObject({ beneath: pathSchema() })
    .transform(({ beneath }) => ({ kind: 'beneath' as const, path: beneath }));
}

function fileObject(z: Zod): z.ZodType<FileObject, FileObjectInput> {
  return z.union([
    byPath(z),
    beneath(z),
    z.strictObject({ name: fileNameSchema() }).transform(({ name }) => ({ kind: 'name' as const, name })),
    z.strictObject({ setId: z.literal(true) }).transform(() => ({ kind: 'set-id' as const })),
    z.strictObject({ owner: idSchema() }).transform(({ owner }) => ({ kind: 'owner' as const, uid: owner })),
    z
      .strictObject({ fileSystem: mountedTypeSchema() })
      .transform(({ fileSystem }) => ({ kind: 'file-system' as const, type: fileSystem })),
  ]);
}

function processObject(z: Zod): z.ZodType<ProcessObject, ProcessObjectInput> {
  return z.union([
    z
      .strictObject({ executable: pathSchema() })
      .transform(({ executable }) => ({ kind: 'target-executable' as const, path: executable })),
    z.strictObject({ uid: idSchema() }).transform(({ uid }) => ({ kind: 'target-uid' as const, uid })),
    z
      .strictObject({ scope: z.enum(['inside', 'outside']) })
      .transform(({ scope }) => ({ kind: 'target-scope' as const, scope })),
  ]);
}

function socketObject(z: Zod): z.ZodType<SocketObject, SocketObjectInput> {
  const family = z.enum(namesOf(ADDRESS_FAMILIES));
  const type = z.enum(namesOf(SOCKET_TYPES));
  const protocol = z.enum(namesOf(PROTOCOLS));
  return z
    .union([
      z.strictObject({ family, type: type.optional(), protocol: protocol.optional() }),
      z.strictObject({ type, protocol: protocol.optional() }),
      z.strictObject({ protocol }),
    ])
    .transform((given) => ({
      kind: 'socket' as const,
      family: 'family' in given ? given.family : null,
      type: ('type' in given ? given.type : null) ?? null,
      protocol: given.protocol ?? null,
    }));
}

function addressObject(z: Zod): z.ZodType<AddressObject, AddressObjectInput> {
  const ports: z.ZodType<PortRange, PortInput> = rangeOf(z, portSchema());
  const transport: z.ZodType<Transport, Transport> = z.enum(['tcp', 'udp']);
  return z.union([
    z
      .strictObject({ address: networkSchema(), port: ports.optional(), transport: transport.optional() })
      .transform(({ address, port = null, transport = null }) => {
        const network = parseNetwork(address);
        const { family, prefix } = network;
        return {
          kind: 'ip' as const,
          family,
          address: formatAddress(network),
          prefix,
          ports: port,
          transport,
        };
      }),
    z
      .strictObject({ port: ports, transport: transport.optional() })
      .transform(({ port, transport = null }) => ({ kind: 'port' as const, ports: port, transport })),
    z
      .strictObject({ unix: pathSchema() })
      .transform(({ unix }) => ({ kind: 'unix-path' as const, path: unix })),
    z
      .strictObject({ unixBeneath: pathSchema() })
      .transform(({ unixBeneath }) => ({ kind: 'unix-beneath' as const, path: unixBeneath })),
    z
      .strictObject({ unixAbstract: abstractNameSchema() })
      .transform(({ unixAbstract }) => ({ kind: 'unix-abstract' as const, name: unixAbstract })),
  ]);
}

function bpfCallObject(z: Zod): z.ZodType<BpfCallObject, BpfCallObjectInput> {
  return z.union([
    z
      .strictObject({ command: enumeratorSchema('BPF_', 'BPF_PROG_LOAD') })
      .transform(({ command }) => ({ kind: 'bpf-command' as const, command })),
    z
      .strictObject({ programType: enumeratorSchema('BPF_PROG_TYPE_', 'BPF_PROG_TYPE_LSM') })
      .transform(({ programType }) => ({ kind: 'bpf-program-type' as const, type: programType })),
  ]);
}

function rangeOf(z: Zod, one: z.ZodType<number, number>): z.ZodType<IdRange, IdInput> {
  return z.union([
    one.transform((id) => ({ from: id, to: id })),
    z
      .strictObject({ from: one, to: one })
      .refine(({ from, to }) => from <= to, 'it ends before it begins: from has to be the lower one'),
  ]);
}

function namesOf<Name extends string>(table: Readonly<Record<Name, number>>): Name[] {
  return Object.keys(table) as Name[];
}
