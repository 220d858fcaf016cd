/**
 * What a command in the guest is told of the caller's environment; everything else stays outside. A guest has no
 * network, so NODE_EXTRA_CA_CERTS is of no use there, and reading its certificates costs every emulated Node a second
 * and a half at its start.
 */
const PASSED = ['HOME', 'LANG', 'TERM', 'CI', 'FORCE_COLOR', 'NO_COLOR'];

const PATHS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The environment of a command in the guest, with `extra` on top; an undefined value takes a variable away. */
export function guestEnvironment(
  host: NodeJS.ProcessEnv,
  extra: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> {
  const path = (host.PATH ?? '').split(':').filter((dir) => dir.startsWith('/'));
  const all: Record<string, string | undefined> = { PATH: [...new Set([...path, ...PATHS])].join(':') };
  for (const name of PASSED) all[name] = host[name];
  const entries = Object.entries({ HOME: '/root', ...definedOnly(all), ...extra });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function definedOnly(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
