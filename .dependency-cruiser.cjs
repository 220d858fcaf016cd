// Which room may import which: arrows run one way, and a room is entered by its index.ts.
const ROOMS = [
  'btf',
  'object',
  'events',
  'lsm',
  'cgroup',
  'policy',
  'layer',
  'governor',
  'trace',
  'cli',
  'testing',
];

/** A room may import the rooms it lists, plus the root modules errors.ts and native.ts; nothing else. */
const MAY_IMPORT = {
  btf: [],
  events: ['btf', 'object'],
  object: ['btf'],
  lsm: ['btf', 'object'],
  cgroup: ['btf', 'object'],
  policy: ['btf', 'object', 'events', 'lsm', 'cgroup'],
  layer: ['btf', 'object', 'events', 'lsm', 'cgroup', 'policy'],
  governor: ['btf', 'object', 'events', 'lsm', 'cgroup'],
  trace: ['btf', 'object', 'events', 'lsm'],
  cli: ROOMS.filter((room) => room !== 'testing'),
};

const walls = Object.entries(MAY_IMPORT).map(([room, allowed]) => {
  const forbidden = ROOMS.filter((other) => other !== room && !allowed.includes(other));
  return {
    name: `${room}-imports-downwards`,
    comment: `src/${room} may import ${allowed.join(', ') || 'no other room'}.`,
    severity: 'error',
    from: { path: `^src/${room}/` },
    to: { path: `^src/(${forbidden.join('|')})/` },
  };
});

module.exports = {
  forbidden: [
    ...walls,
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'Types may refer to each other; code may not.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'enter-by-the-front-door',
      comment: 'Another room is imported through its index.ts.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/([^/]+)/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'index-re-exports-rooms-by-their-face',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { path: '^src/[^/]+/', pathNot: '^src/[^/]+/index\\.ts$' },
    },
    {
      name: 'testing-imports-only-node',
      comment: 'The VM kit stands alone: Node, and vitest where it meets vitest.',
      severity: 'error',
      from: { path: '^src/testing/' },
      to: { pathNot: ['^src/testing/', '^node:', '^(node_modules/)?vitest/'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'nobody-imports-the-public-surface',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'tests-stay-outside',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|examples|bench|scripts)/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'], conditionNames: ['import', 'types', 'node'] },
  },
};
