import fc from 'fast-check';
import {
  ADDRESS_FAMILIES,
  ALL_OPERATIONS,
  CAPABILITIES,
  formatAddress,
  masked,
  type Network,
  OPERATION_CLASSES,
  PROTOCOLS,
  SOCKET_TYPES,
  targetOf,
} from '../../src/policy/model/index.js';
import type { ObjectInputs, PolicyInput, RuleInput } from '../../src/policy/schema/index.js';

const among = <T>(values: readonly T[]) => fc.constantFrom(...values);
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
const some = <T>(one: fc.Arbitrary<T>, most = 3) => fc.array(one, { minLength: 1, maxLength: most });

export const policyName = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);

const oddNames = [
  'no',
  'Yes',
  '017',
  '0x1F',
  '1e3',
  '~',
  'null',
  'true',
  ' x ',
  '#x',
  'a: b',
  '*a',
  '&a',
  '!a',
  '"',
  "'",
  '-',
  '__proto__',
  'ü',
  '🙂',
  '\n',
  '.inf',
];
export const fileName = fc.oneof(
  fc.stringMatching(/^[a-z.]{1,8}$/).filter((name) => !/^\.{1,2}$/.test(name)),
  among(oddNames),
);
export const path = fc.oneof(
  among(['/', '/etc', '/etc/passwd', '/usr/bin', '/home/no', '/x/y']),
  some(fileName, 4).map((names) => `/${names.join('/')}`),
);

const id = fc.oneof(among([0, 1, 1000, 65_534, 4_294_967_294]), fc.nat());
const rangeOf = (one: fc.Arbitrary<number>) =>
  fc.oneof(
    one,
    fc.tuple(one, one).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
  );
const port = rangeOf(fc.integer({ min: 0, max: 65_535 }));

export const network: fc.Arbitrary<Network> = fc
  .oneof(
    fc.record({
      family: fc.constant(4 as const),
      bits: fc.bigInt(0n, 0xffff_ffffn),
      prefix: fc.integer({ min: 0, max: 32 }),
    }),
    fc
      .record({
        family: fc.constant(6 as const),
        bits: fc.bigInt(0n, 2n ** 128n - 1n),
        prefix: fc.integer({ min: 0, max: 128 }),
      })
      .filter(({ bits }) => bits >> 32n !== 0xffffn),
  )
  .map(masked);

const unixName = fc.oneof(fileName, fc.stringMatching(/^[a-z/@]{1,20}$/));
const transport = maybe(among(['tcp', 'udp'] as const));

const objects: { [Sort in Exclude<keyof ObjectInputs, 'nothing'>]: fc.Arbitrary<ObjectInputs[Sort]> } = {
  file: fc.oneof(
    path.map((path) => ({ path })),
    path.map((beneath) => ({ beneath })),
    fileName.map((name) => ({ name })),
    fc.constant({ setId: true as const }),
    id.map((owner) => ({ owner })),
    among(['tmpfs', 'ext4']).map((fileSystem) => ({ fileSystem })),
  ),
  process: fc.oneof(
    path.map((executable) => ({ executable })),
    id.map((uid) => ({ uid })),
    among(['inside', 'outside'] as const).map((scope) => ({ scope })),
  ),
  capability: among(CAPABILITIES).map((capability) => ({ capability })),
  socket: fc
    .record(
      {
        family: among(Object.keys(ADDRESS_FAMILIES)),
        type: among(Object.keys(SOCKET_TYPES)),
        protocol: among(Object.keys(PROTOCOLS)),
      },
      { requiredKeys: [] },
    )
    .filter((given) => Object.keys(given).length > 0) as fc.Arbitrary<ObjectInputs['socket']>,
  address: fc.oneof(
    fc.record({
      address: network.map((one) => `${formatAddress(one)}/${one.prefix}`),
      port: maybe(port),
      transport,
    }),
    fc.record({ port, transport }),
    path.map((unix) => ({ unix })),
    path.map((unixBeneath) => ({ unixBeneath })),
    unixName.map((unixAbstract) => ({ unixAbstract })),
  ),
  bpf: fc.oneof(
    among(['BPF_PROG_LOAD', 'BPF_MAP_CREATE']).map((command) => ({ command })),
    among(['BPF_PROG_TYPE_LSM', 'BPF_PROG_TYPE_XDP']).map((programType) => ({ programType })),
  ),
  mount: among(['tmpfs', 'proc']).map((fileSystem) => ({ fileSystem })),
  lockdown: among(['LOCKDOWN_DEV_MEM', 'LOCKDOWN_KEXEC']).map((lockdown) => ({ lockdown })),
};

const text = maybe(fc.oneof(fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }), among(oddNames)));

const rule: fc.Arbitrary<RuleInput> = fc
  .tuple(among(['deny', 'allow']), among([...Object.keys(objects), 'anything']), text)
  .chain(([effect, sort, reason]) => {
    const names = ALL_OPERATIONS.filter((name) => sort === 'anything' || targetOf(name) === sort);
    const given = { reason, [effect]: undefined };
    return fc.record({
      ...Object.fromEntries(Object.keys(given).map((key) => [key, fc.constant(reason)])),
      [effect]: fc.subarray(names, { minLength: 1 }),
      ...(sort !== 'anything' && {
        objects: some(objects[sort as keyof typeof objects] as fc.Arbitrary<unknown>),
      }),
    });
  }) as unknown as fc.Arbitrary<RuleInput>;

/** Policies as they are written, of all kinds. */
export const policyInput: fc.Arbitrary<PolicyInput> = fc.record({
  name: policyName,
  description: text,
  scope: fc.oneof(
    fc.constant('host' as const),
    path.map((cgroup) => ({ cgroup })),
    policyName.map((domain) => ({ domain })),
  ),
  when: maybe(
    fc.record({
      executables: maybe(
        some(
          fc.oneof(
            path.map((path) => ({ path })),
            path.map((beneath) => ({ beneath })),
          ),
        ),
      ),
      uids: maybe(some(rangeOf(id))),
      gids: maybe(some(rangeOf(id))),
    }),
  ),
  mode: among(['audit', 'enforce'] as const),
  errno: maybe(among(['EACCES', 'EPERM'] as const)),
  onExhaustion: maybe(among(['allow', 'deny'] as const)),
  defaults: maybe(
    fc.record(
      Object.fromEntries(OPERATION_CLASSES.map((name) => [name, maybe(among(['allow', 'deny'] as const))])),
    ),
  ),
  rules: fc.array(rule, { maxLength: 4 }),
});
