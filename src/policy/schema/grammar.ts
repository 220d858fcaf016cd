import { OPERATION_CLASSES, type Target } from '../model/index.js';

/** The keys by which the objects of each sort are written. */
export const OBJECT_KEYS: { readonly [Sort in Target]: readonly string[] } = {
  file: ['path', 'beneath', 'name', 'setId', 'owner', 'fileSystem'],
  process: ['executable', 'uid', 'scope'],
  capability: ['capability'],
  socket: ['family', 'type', 'protocol'],
  address: ['address', 'port', 'transport', 'unix', 'unixBeneath', 'unixAbstract'],
  bpf: ['command', 'programType'],
  mount: ['fileSystem'],
  lockdown: ['lockdown'],
  nothing: [],
};

/** What the objects of each sort are called. */
export const OBJECT_WORDS: { readonly [Sort in Target]: string } = {
  file: 'files',
  process: 'processes',
  capability: 'capabilities',
  socket: 'sockets',
  address: 'addresses',
  bpf: 'calls of bpf(2)',
  mount: 'file system types',
  lockdown: 'lockdown reasons',
  nothing: 'nothing',
};

const POLICY_KEYS = [
  'name',
  'description',
  'scope',
  'when',
  'mode',
  'errno',
  'onExhaustion',
  'defaults',
  'rules',
];

/** The keys that a mapping at a place in a policy can have; of an object, those of the sort that the rule is about. */
export function keysAt(path: readonly PropertyKey[], sorts: readonly Target[]): readonly string[] {
  const [first, , third] = path;
  if (first === undefined) return POLICY_KEYS;
  if (first === 'scope') return ['cgroup', 'domain'];
  if (first === 'defaults') return OPERATION_CLASSES;
  if (first === 'when') {
    if (path.length === 1) return ['executables', 'uids', 'gids'];
    return path[1] === 'executables' ? ['path', 'beneath'] : ['from', 'to'];
  }
  if (path.length === 2) return ['deny', 'allow', 'objects', 'reason'];
  if (third === 'objects' && path.length === 4)
    return [...new Set(sorts.flatMap((sort) => OBJECT_KEYS[sort]))];
  return ['from', 'to'];
}

/** What to write where a key is missing. */
export const MISSING: Readonly<Record<string, string>> = {
  name: 'give it a name',
  scope: 'say whom it governs, with scope: host, { cgroup: PATH } or { domain: NAME }',
  mode: 'say mode: audit or mode: enforce',
  rules: 'give it rules, a list (which can be empty)',
  deny: 'name operations, with deny: [...] or allow: [...]',
  allow: 'name operations, with deny: [...] or allow: [...]',
};
