import type { z } from 'zod';
import { ADDRESS_PATTERN, isMapped, masked, parseNetwork } from '../model/index.js';
import { lazily, zod } from './lazily.js';

/** MAX_UID: the last id; the one after it means none. */
const LAST_ID = 4_294_967_294;
/** PATH_MAX without the NUL, and NAME_MAX: include/uapi/linux/limits.h. */
const MOST_BYTES = { path: 4095, name: 255 } as const;
/** sizeof(sockaddr_un.sun_path), less the NUL that an abstract name begins with. */
const MOST_ABSTRACT_BYTES = 107;
const MOST_TEXT = 1000;
const ID_RANGE = `it has to be an id, from 0 to ${LAST_ID}`;
const PORT_RANGE = 'it has to be a port, from 0 to 65535';

const COMPONENT = '(?!\\.{1,2}(?:/|$))[^/\\u0000]{1,255}';

/** The name of a policy or a domain. */
export const nameSchema: () => z.ZodType<string, string> = lazily(() =>
  zod()
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,62}$/,
      'it has to be a lower-case letter, then lower-case letters, digits and -, at most 63',
    ),
);

/** Text for people. */
export const textSchema: () => z.ZodType<string, string> = lazily(() =>
  zod()
    .string()
    .min(1, 'it is empty: leave it out')
    .max(MOST_TEXT, `it is longer than ${MOST_TEXT} characters`),
);

/** An absolute path in its canonical form. */
export const pathSchema: () => z.ZodType<string, string> = lazily(() =>
  zod()
    .string()
    .max(MOST_BYTES.path, { error: `it is longer than ${MOST_BYTES.path} bytes`, abort: true })
    .regex(
      new RegExp(`^/(?:${COMPONENT}(?:/${COMPONENT})*)?$`),
      'it has to be an absolute path without . and .., doubled slashes, and a slash at its end',
    )
    .refine(isWellFormed, 'it holds half a surrogate pair, which no path can hold')
    .refine((path) => bytes(path) <= MOST_BYTES.path, `it is longer than ${MOST_BYTES.path} bytes in UTF-8`)
    .refine(
      (path) => path.split('/').every((name) => bytes(name) <= MOST_BYTES.name),
      `one of its names is longer than ${MOST_BYTES.name} bytes in UTF-8`,
    ),
);

/** One component of a path. */
export const fileNameSchema: () => z.ZodType<string, string> = lazily(() =>
  zod()
    .string()
    .regex(new RegExp(`^${COMPONENT}$`), 'it has to be one name without slashes, neither . nor ..')
    .refine(isWellFormed, 'it holds half a surrogate pair, which no path can hold')
    .refine((name) => bytes(name) <= MOST_BYTES.name, `it is longer than ${MOST_BYTES.name} bytes in UTF-8`),
);

/** An abstract name of a unix socket. */
export const abstractNameSchema: () => z.ZodType<string, string> = lazily(() =>
  zod()
    .string()
    .min(1, 'it is empty: an abstract name has at least one byte')
    .refine(isWellFormed, 'it holds half a surrogate pair, which no name can hold')
    .refine(
      (name) => bytes(name) <= MOST_ABSTRACT_BYTES,
      `it is longer than ${MOST_ABSTRACT_BYTES} bytes in UTF-8`,
    ),
);

const FILE_SYSTEM = '[a-z0-9][a-z0-9_-]{0,30}';

/** A type of file systems, as /proc/filesystems names it. */
export const fileSystemSchema: () => z.ZodType<string, string> = lazily(() =>
  zod()
    .string()
    .regex(
      new RegExp(`^${FILE_SYSTEM}$`),
      'it has to be a type as /proc/filesystems lists it, such as tmpfs',
    ),
);

/** The same, perhaps with a subtype, as /proc/mounts has it. */
export const mountedTypeSchema: () => z.ZodType<string, string> = lazily(() =>
  zod()
    .string()
    .regex(
      new RegExp(`^${FILE_SYSTEM}(?:\\.[A-Za-z0-9][A-Za-z0-9._+-]{0,30})?$`),
      'it has to be a type as /proc/filesystems lists it, such as tmpfs, or with a subtype, such as fuse.sshfs',
    ),
);

/** A uid or gid. */
export const idSchema: () => z.ZodType<number, number> = lazily(() =>
  zod().int('it has to be a whole number').min(0, ID_RANGE).max(LAST_ID, ID_RANGE),
);

export const portSchema: () => z.ZodType<number, number> = lazily(() =>
  zod().int('it has to be a whole number').min(0, PORT_RANGE).max(65_535, PORT_RANGE),
);

/** An address or network; an IPv4 network in IPv6 clothes has one way of being written, which is not this. */
export const networkSchema: () => z.ZodType<string, string> = lazily(() =>
  zod()
    .string()
    .regex(ADDRESS_PATTERN, {
      error: 'it has to be an IPv4 or IPv6 address, or a network such as 10.0.0.0/8 or 2001:db8::/32',
      abort: true,
    })
    .refine((text) => !isMapped(parseNetwork(text)), {
      error: 'write the IPv4 address itself: IPv4-mapped IPv6 addresses are judged as IPv4',
      abort: true,
    })
    .refine(
      (text) => masked(parseNetwork(text)).bits === parseNetwork(text).bits,
      'it has bits beyond its prefix: write the first address of the network, or a longer prefix',
    ),
);

/** A name of the kernel's that begins with a prefix, such as `BPF_PROG_LOAD`. */
export function enumeratorSchema(prefix: string, example: string): z.ZodType<string, string> {
  return zod()
    .string()
    .regex(
      new RegExp(`^${prefix}[A-Z0-9_]{1,58}$`),
      `it has to be one of the kernel's names, such as ${example}`,
    );
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
