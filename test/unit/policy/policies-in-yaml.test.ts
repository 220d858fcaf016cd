import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { definePolicy, type PolicyError, problemText } from '../../../src/policy/schema/index.js';
import { parsePolicies } from '../../../src/policy/yaml/parse-policies.js';
import { printPolicies } from '../../../src/policy/yaml/print-policies.js';
import { sourceOf } from '../../../src/policy/yaml/sources.js';
import { policyInput } from '../../support/policies.js';

const WEB = `# What the web server may do.
name: web
scope: { cgroup: /system.slice/web.service }
mode: enforce
rules:
  - deny: [write, create]
    objects:
      - beneath: /etc
      - { beneath: /usr }
    reason: it has no business there
  - allow: [connect]
    objects: [{ address: 10.0.0.0/8, port: 5432 }]
`;

/** The problems of a text, as the error's message has them. */
function problemsOf(text: string): string[] {
  try {
    parsePolicies(text, 'x.yaml');
  } catch (error) {
    const { name, code, path, problems, message } = error as PolicyError;
    expect({ name, code, path }).toEqual({ name: 'PolicyError', code: 'ERR_BPF_POLICY', path: 'x.yaml' });
    const lines = problems.map(problemText);
    for (const line of lines) expect(message).toContain(line);
    return lines;
  }
  return [];
}

const policy = (more: string) => `name: a\nscope: host\nmode: audit\n${more}\n`;

describe('policies in YAML', () => {
  test('are what definePolicy makes of the same', () => {
    const defined = definePolicy({
      name: 'web',
      scope: { cgroup: '/system.slice/web.service' },
      mode: 'enforce',
      rules: [
        {
          deny: ['write', 'create'],
          objects: [{ beneath: '/etc' }, { beneath: '/usr' }],
          reason: 'it has no business there',
        },
        { allow: ['connect'], objects: [{ address: '10.0.0.0/8', port: 5432 }] },
      ],
    });
    expect(parsePolicies(WEB, 'web.yaml')).toEqual([defined]);
    expect(
      parsePolicies(JSON.stringify({ name: 'a', scope: 'host', mode: 'audit', rules: [] })),
    ).toHaveLength(1);
  });

  test('are several, one to a document', () => {
    const second = WEB.replace('name: web', 'name: web-2');
    expect(parsePolicies(`${WEB}---\n${second}`).map(({ name }) => name)).toEqual(['web', 'web-2']);
  });

  test('know where they were read from', () => {
    const [web, second] = parsePolicies(`${WEB}---\n${WEB.replace('name: web', 'name: second')}`, 'web.yaml');
    if (!web || !second) throw new Error('two were read');
    expect(sourceOf(web)?.file).toBe('web.yaml');
    expect(sourceOf(web)?.placeOf(['rules', 1])).toEqual({ line: 11, column: 5 });
    expect(sourceOf(web)?.placeOf(['rules', 0, 'objects', 1])).toEqual({ line: 9, column: 9 });
    expect(sourceOf(second)?.placeOf(['rules', 1])).toEqual({ line: 24, column: 5 });
  });

  test('are read from what was printed, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(policyInput, { minLength: 1, maxLength: 2 }), (inputs) => {
        const policies = inputs.map((input, i) => definePolicy({ ...input, name: `p${i}` }));
        expect(parsePolicies(printPolicies(policies))).toEqual(policies);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a text that holds no valid policies', () => {
  test('is refused with all that is wrong, each with its place', () => {
    const text = `name: Web
scope: { cgruop: /x }
mode: enforced
rules:
  - deny: [raed, write]
    objects:
      - benath: /etc
      - path: etc/passwd
  - deny: [connect]
    objects: [{ address: 10.0.0.1/8 }]
`;
    expect(problemsOf(text)).toEqual([
      'x.yaml:1:1: name: it has to be a lower-case letter, then lower-case letters, digits and -, at most 63',
      'x.yaml:2:10: scope.cgruop: there is no key "cgruop" here; did you mean cgroup?',
      'x.yaml:3:1: mode: it has to be audit or enforce, and is "enforced"',
      'x.yaml:5:12: rules[0].deny[0]: there is no operation "raed"; did you mean read?',
      'x.yaml:7:9: rules[0].objects[0].benath: there is no key "benath" here; did you mean beneath?',
      'x.yaml:8:9: rules[0].objects[1].path: it has to be an absolute path without . and .., doubled slashes, and a slash at its end',
      'x.yaml:10:17: rules[1].objects[0].address: it has bits beyond its prefix: write the first address of the network, or a longer prefix',
    ]);
  });

  test('is refused for its syntax', () => {
    expect(problemsOf('name: [a\nscope: host\n')[0]).toMatch(/^x\.yaml:2:1: this is no YAML: /);
    expect(problemsOf('name: "a')[0]).toMatch(/^x\.yaml:1:9: this is no YAML: /);
    expect(problemsOf('')).toEqual(['x.yaml: it holds no policy']);
    expect(problemsOf('# nothing\n')).toEqual(['x.yaml: it holds no policy']);
    expect(problemsOf(`${WEB}---\n---\n${WEB.replace('name: web', 'name: b')}`)[0]).toMatch(
      /:13:4: this document is empty/,
    );
  });

  test('is refused when two policies have one name', () => {
    expect(problemsOf(`${WEB}---\n${WEB}`)).toEqual([
      'x.yaml:15:1: name: there are two policies "web": give one another name',
    ]);
  });

  test.each([
    ['aliases', 'rules: [&a { deny: [read] }, *a]', /policies have no anchors: take &a out/],
    ['aliases of what is not there', 'rules: *a', /4:8: policies have no aliases/],
    ['a billion laughs', 'a: &a [x]\nb: &b [*a, *a]\nrules: []', /policies have no anchors/],
    ['tags', 'rules: !!seq []', /policies have no tags/],
    ['duplicate keys', 'rules: []\nmode: enforce', /5:1: the key mode is there twice/],
    ['merge keys', 'rules: []\n<<: { mode: enforce }', /5:1: <<: there is no key "<<" here/],
    ['keys that are no words', 'rules: []\n1: x', /5:1: a key has to be a word/],
    ['keys that are lists', 'rules: []\n? [x]\n: y', /a key has to be a word/],
    ['a key without a word', 'rules: []\n: y', /a key has to be a word/],
    ['__proto__', 'rules: []\n__proto__: { mode: enforce }', /there is no key "__proto__" here/],
    [
      'octal uids',
      'when: { uids: [0o17] }\nrules: []',
      /4:16: "0o17" is read as the number 15: write a decimal/,
    ],
    ['uids with leading zeros', 'when: { uids: [017] }\nrules: []', /"017" is read as the number 17/],
    ['hexadecimal uids', 'when: { uids: [0x10] }\nrules: []', /"0x10" is read as the number 16/],
    ['uids with exponents', 'when: { uids: [1e3] }\nrules: []', /"1e3" is read as the number 1000/],
    ['uids with fractions', 'when: { uids: [1000.0] }\nrules: []', /"1000.0" is read as the number 1000/],
    [
      'uids that are too big',
      'when: { uids: [4294967295] }\nrules: []',
      /it has to be an id, from 0 to 4294967294/,
    ],
    [
      'uids that no number can hold',
      'when: { uids: [12345678901234567890] }\nrules: []',
      /whole number|id, from 0/,
    ],
    [
      'a unquoted no',
      'when: { executables: [{ path: no }] }\nrules: []',
      /some readers of YAML take no for a truth value/,
    ],
    ['text that is a number', 'rules: [{ deny: [read], objects: [{ name: 3 }] }]', /is 3: put it in quotes/],
    ['an empty value', 'rules:', /rules: it has to be a list, and is empty/],
  ])('is refused for %s', (_, text, problem) => {
    expect(problemsOf(policy(text)).join('\n')).toMatch(problem);
  });

  test('is refused for another version of YAML', () => {
    expect(problemsOf(`%YAML 1.1\n---\n${WEB}`)).toEqual([expect.stringMatching(/policies are YAML 1\.2/)]);
  });

  test.each([
    ['[', '['.repeat(100_000)],
    ['- ', '- '.repeat(100_000)],
    ['{a: ', '{a: '.repeat(50_000)],
  ])('is refused when it is nested without end by %s', (_, text) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(/nested more than 32 levels deep/)]);
  });

  test('is refused with a PolicyError, whatever it is', () => {
    const noise = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.json(),
      fc
        .tuple(fc.nat(WEB.length), fc.string(), fc.nat(9))
        .map(([at, text, gone]) => WEB.slice(0, at) + text + WEB.slice(at + gone)),
    );
    fc.assert(
      fc.property(noise, (text) => {
        problemsOf(text);
      }),
      { numRuns: 1000 },
    );
  });
});
