import { describe, expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSource } from '../../src/composition/read-source.ts';
import type { SourceDefinition } from '../../src/composition/source-definition.ts';
import { formatProblem, type Problem } from '../../src/config/problem.ts';
import { readSupergraph, type Supergraph } from '../../src/supergraph/supergraph.ts';

/** Directives on which it hangs what clients may see and do: how each is used, and how files define it. */
const DIRECTIVES = {
  authenticated: { args: '', definition: 'on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM', since: 5 },
  requiresScopes: { args: '(scopes: [["a"]])', definition: '(scopes: [[String!]!]!) on FIELD_DEFINITION', since: 5 },
  policy: { args: '(policies: [["a"]])', definition: '(policies: [[String!]!]!) on FIELD_DEFINITION', since: 6 },
  cost: { args: '(weight: 5)', definition: '(weight: Int!) on FIELD_DEFINITION', since: 9 },
  listSize: {
    args: '(assumedSize: 5)',
    definition:
      '(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION',
    since: 9,
  },
  inaccessible: { args: '', definition: 'on FIELD_DEFINITION | OBJECT', since: 0 },
  tag: { args: '(name: "x")', definition: '(name: String!) repeatable on FIELD_DEFINITION', since: 0 },
} as const;
type Name = keyof typeof DIRECTIVES;
const NAMES = Object.keys(DIRECTIVES) as Name[];
const AUTHORIZATION = ['authenticated', 'requiresScopes', 'policy'] as const;

function federation(version: string, imports: string, more = '') {
  return `extend schema @link(url: "https://specs.apollo.dev/federation/${version}"${more}, import: [${imports}])`;
}

const define = (local: string, name: Name) => `directive @${local}${spaced(DIRECTIVES[name].definition)}`;
const spaced = (text: string) => (text.startsWith('(') ? text : ` ${text}`);

interface Way {
  /** What stands in the file beside the use. */
  readonly head: (name: Name) => string;
  /** What the directive is called there. */
  readonly local?: (name: Name) => string;
}

/** Ways in which the directive has to have its effect. */
const ENFORCED: Record<string, Way> = {
  'imported from federation': { head: (name) => federation('v2.9', `"@key", "@${name}"`) },
  'imported by the schema definition': {
    head: (name) =>
      `schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@${name}"]) { query: Query }`,
  },
  'imported and defined': { head: (name) => `${federation('v2.9', `"@key", "@${name}"`)} ${define(name, name)}` },
  'imported under another name': {
    head: (name) => federation('v2.9', `"@key", {name: "@${name}", as: "@zz"}`),
    local: () => 'zz',
  },
  'imported under another name and defined': {
    head: (name) => `${federation('v2.9', `"@key", {name: "@${name}", as: "@zz"}`)} ${define('zz', name)}`,
    local: () => 'zz',
  },
  'without a link': { head: () => '' },
  'defined by the file, without a link': { head: (name) => define(name, name) },
  'defined by the file, without a link, with keys that it defines as well': {
    head: (name) => `${define(name, name)} directive @key(fields: String!) repeatable on OBJECT`,
  },
  'defined by the file beside directives of federation 2': {
    head: (name) => `${define(name, name)} extend type Thing @shareable`,
  },
  'defined by the file, federation linked without it': {
    head: (name) => `${federation('v2.9', '"@key"')} ${define(name, name)}`,
  },
  'defined by the file, federation linked without any import': {
    head: (name) => `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9") ${define(name, name)}`,
  },
  'by federation’s prefix': { head: () => federation('v2.9', '"@key"'), local: (name) => `federation__${name}` },
  'by federation’s prefix, defined': {
    head: (name) => `${federation('v2.9', '"@key"')} ${define(`federation__${name}`, name)}`,
    local: (name) => `federation__${name}`,
  },
  'by federation’s prefix, without a link': { head: () => '', local: (name) => `federation__${name}` },
  'by federation’s prefix, defined, without a link': {
    head: (name) => `${define(`federation__${name}`, name)} scalar federation__Scope`,
    local: (name) => `federation__${name}`,
  },
  'by a prefix of the file’s choice': {
    head: () => federation('v2.9', '"@key"', ', as: "fed2"'),
    local: (name) => `fed2__${name}`,
  },
  'by a prefix of the file’s choice, defined': {
    head: (name) => `${federation('v2.9', '', ', as: "fed2"')} ${define(`fed2__${name}`, name)}`,
    local: (name) => `fed2__${name}`,
  },
  'defined by the file, its own specification linked': {
    head: (name) =>
      `${federation('v2.9', '"@key"')} @link(url: "https://specs.apollo.dev/${specification(name)}/v0.1", import: ["@${name}"]) ${define(name, name)}`,
  },
  'its own specification linked under another name': {
    head: (name) =>
      `${federation('v2.9', '"@key"')} @link(url: "https://specs.apollo.dev/${specification(name)}/v0.1", import: [{name: "@${name}", as: "@zz"}]) ${define('zz', name)}`,
    local: () => 'zz',
  },
};

/** Ways that cannot have the effect: the file is refused. */
const REFUSED: Record<string, Way> = {
  'federation linked, not imported': { head: () => federation('v2.9', '"@key"') },
  'defined with another argument': {
    head: (name) =>
      `${federation('v2.9', '"@key"')} directive @${name}${DIRECTIVES[name].definition.startsWith('(') ? DIRECTIVES[name].definition.replace('(', '(mode: String, ') : `(mode: String) ${DIRECTIVES[name].definition}`}`,
  },
  'imported from a specification of somebody else': {
    head: (name) =>
      `${federation('v2.9', '"@key"')} @link(url: "https://shop.example/own/v1.0", import: ["@${name}"]) ${define(name, name)}`,
  },
  'by a prefix that nobody links': { head: () => '', local: (name) => `other__${name}` },
};

function specification(name: Name): string {
  return name === 'listSize' ? 'cost' : name;
}

const KINDS = {
  subgraph: { head: 'extend schema @subgraph(url: "http://a.test")', field: (use: string) => `things: [Thing] ${use}` },
  rest: {
    head: 'extend schema @source(name: "api", http: {baseURL: "http://api.test"})',
    field: (use: string) => `things: [Thing] @connect(source: "api", http: {GET: "/things"}, selection: "id") ${use}`,
  },
  service: { head: 'extend schema @service(url: "http://a.test")', field: (use: string) => `things: [Thing] ${use}` },
};
type Kind = keyof typeof KINDS;

function composed(...texts: string[]): Supergraph | readonly Problem[] {
  const sources: SourceDefinition[] = [];
  for (const [index, text] of texts.entries()) {
    const source = readSource({ name: `s${index}`, file: `s${index}.graphql`, text }, {});
    if (Array.isArray(source)) return source;
    sources.push(source);
  }
  const composition = composeSupergraph(sources);
  return composition.ok ? readSupergraph(composition.supergraphSdl) : composition.problems;
}

function fileOf(kind: Kind, name: Name, { head, local = (same) => same }: Way): string {
  const { head: start, field } = KINDS[kind];
  const use = `@${local(name)}${DIRECTIVES[name].args}`;
  const count = kind === 'rest' ? '@connect(source: "api", http: {GET: "/count"}, selection: "$")' : '';
  return `${start}\n${head(name)}\ntype Query { count: Int ${count} ${field(use)} }\ntype Thing { id: ID }\n`;
}

function isProblems(result: Supergraph | readonly Problem[]): result is readonly Problem[] {
  return Array.isArray(result);
}

const CASES = (Object.keys(KINDS) as Kind[]).flatMap((kind) => NAMES.map((name) => ({ kind, name })));

describe.each(CASES)('@$name in a $kind file', ({ kind, name }) => {
  test.each(Object.keys(ENFORCED))('%s', (way) => {
    const supergraph = composed(fileOf(kind, name, ENFORCED[way] as Way));
    expect(isProblems(supergraph) ? supergraph.map(formatProblem) : []).toEqual([]);
    const field = (supergraph as Supergraph).types.get('Query')?.fields.get('things');
    expect([...(field?.directives.keys() ?? [])]).toEqual([name]);
    expect((supergraph as Supergraph).publicSchema.getQueryType()?.getFields().things === undefined).toBe(
      name === 'inaccessible',
    );
  });

  // a service links federation by itself, so whatever is not imported means federation's
  const refused = Object.keys(REFUSED).filter((way) => kind !== 'service' || way !== 'federation linked, not imported');
  test.each(refused)('is refused: %s', (way) => {
    const problems = composed(fileOf(kind, name, REFUSED[way] as Way));
    expect(isProblems(problems)).toBe(true);
    const [problem] = problems as readonly Problem[];
    expect(problem).toMatchObject({ file: 's0.graphql', line: expect.any(Number) });
    expect(problem?.line).toBeGreaterThan(1);
    expect(problem?.message).toContain(name);
  });

  const { since } = DIRECTIVES[name];
  if (since > 0)
    test('is refused where federation is linked in a version without it', () => {
      const head = (same: Name) => `${federation(`v2.${since - 1}`, '"@key"')} ${define(same, same)}`;
      const problems = composed(fileOf(kind, name, { head }));
      const expected = {
        message: `@${name} has no effect here: the file links federation v2.${since - 1}, and @${name} requires v2.${since}.`,
        hint: `Link https://specs.apollo.dev/federation/v2.${since} or later, and import "@${name}".`,
      };
      expect(problems).toMatchObject([{ code: 'INEFFECTIVE_DIRECTIVE', line: 3, ...expected }]);
    });
});

describe('the places of authorization', () => {
  /** Where `AT` stands in the file → the coordinate that has to bear the directive. */
  const BORN: Record<string, readonly [coordinate: string, sdl: string]> = {
    'a field': ['Query.a', 'type Query { a: Int AT }'],
    'a field of an extension': ['Query.b', 'type Query { a: Int } extend type Query { b: Int AT }'],
    'an object': ['A', 'type Query { a: A } type A AT { x: Int }'],
    'the extension of an object': ['A', 'type Query { a: A } type A { x: Int } extend type A AT { y: Int }'],
    'an extension that has nothing else': ['A', 'type Query { a: A } type A { x: Int } extend type A AT'],
    'an extension that comes first': ['A', 'type Query { a: A } extend type A AT type A { x: Int }'],
    'the root type': ['Query', 'extend type Query AT { a: Int }'],
    'an enum': ['E', 'type Query { a: E } enum E AT { X }'],
    'the extension of an enum': ['E', 'type Query { a: E } enum E { X } extend enum E AT { Y }'],
    'a scalar': ['S', 'type Query { a: S } scalar S AT'],
    'the extension of a scalar': ['S', 'type Query { a: S } scalar S extend scalar S AT'],
    'a field that implements one of an interface': [
      'A.x',
      'type Query { i: I } interface I { x: Int } type A implements I { x: Int AT }',
    ],
    'a member of a union': ['A', 'type Query { u: U } union U = A type A AT { x: Int }'],
  };
  const OUTSIDE: Record<string, string> = {
    'an interface': 'type Query { i: I } interface I AT { x: Int } type A implements I { x: Int }',
    'the field of an interface': 'type Query { i: I } interface I { x: Int AT } type A implements I { x: Int }',
    'the extension of an interface':
      'type Query { i: I } interface I { x: Int } extend interface I AT type A implements I { x: Int }',
    'the extension of an interface, with fields':
      'type Query { i: I } interface I { x: Int } extend interface I AT { y: Int } type A implements I { x: Int y: Int }',
    'the field of an extension of an interface':
      'type Query { i: I } interface I { x: Int } extend interface I { y: Int AT } type A implements I { x: Int y: Int }',
    'a union': 'type Query { u: U } union U AT = A type A { x: Int }',
    'an argument': 'type Query { a(x: Int AT): Int }',
    'an input': 'type Query { a(x: I): Int } input I AT { x: Int }',
    'a field of an input': 'type Query { a(x: I): Int } input I { x: Int AT }',
    'a value of an enum': 'type Query { a: E } enum E { X AT }',
    'the schema': 'schema AT { query: Query } type Query { a: Int }',
  };
  const HEADS: Record<string, (name: Name) => string> = {
    'not defined': () => '',
    'defined by the file': (name) =>
      `directive @${name}${spaced(DIRECTIVES[name].definition)}`.replace(
        /on .*/,
        'on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM | UNION | ARGUMENT_DEFINITION | INPUT_OBJECT | INPUT_FIELD_DEFINITION | ENUM_VALUE | SCHEMA',
      ),
  };
  const all = AUTHORIZATION.flatMap((name) => Object.keys(HEADS).map((head) => ({ name, head })));

  describe.each(all)('@$name, $head', ({ name, head }) => {
    const write = (sdl: string) =>
      `${KINDS.subgraph.head}\n${HEADS[head]?.(name)}\n${sdl.replace('AT', `@${name}${DIRECTIVES[name].args}`)}`;

    test.each(Object.keys(BORN))('holds on %s', (place) => {
      const [coordinate, sdl] = BORN[place] as (typeof BORN)[string];
      const supergraph = composed(write(sdl));
      expect(isProblems(supergraph) ? supergraph.map(formatProblem) : []).toEqual([]);
      const [type = '', field] = coordinate.split('.');
      const found = (supergraph as Supergraph).types.get(type);
      const directives = field === undefined ? found?.directives : found?.fields.get(field)?.directives;
      expect([...(directives?.keys() ?? [])]).toEqual([name]);
    });

    test.each(Object.keys(OUTSIDE))('is refused on %s', (place) => {
      const problems = composed(write(OUTSIDE[place] as string));
      expect(isProblems(problems)).toBe(true);
      expect(problems).toMatchObject([{ file: 's0.graphql', line: 3 }]);
    });

    test('holds on a field that an interface object brings, for each type of the interface', () => {
      const use = `@${name}${DIRECTIVES[name].args}`;
      const supergraph = composed(
        `${KINDS.subgraph.head}\n type Query { m: [M] } interface M @key(fields: "id") { id: ID! } type Book implements M @key(fields: "id") { id: ID! pages: Int @shareable }`,
        `${KINDS.subgraph.head}\n${HEADS[head]?.(name)}\ntype M @key(fields: "id") @interfaceObject { id: ID! reviews: Int ${use} }`,
      ) as Supergraph;
      expect(supergraph.types.get('Book')?.fields.get('reviews')?.directives.has(name)).toBe(true);
    });
  });
});

describe('directives of the gateway', () => {
  const LIMIT = '(limit: 1, window: "1m")';
  test.each([
    ['without a definition', '', `@rateLimit${LIMIT}`],
    ['defined', 'directive @rateLimit(limit: Int!, window: String!) on FIELD_DEFINITION', `@rateLimit${LIMIT}`],
    ['by prefix', '', `@headgate__rateLimit${LIMIT}`],
    [
      'by prefix, defined',
      'directive @headgate__rateLimit(limit: Int!, window: String!) on FIELD_DEFINITION',
      `@headgate__rateLimit${LIMIT}`,
    ],
    [
      'under another name',
      'extend schema @link(url: "https://headgate.dev/specs/headgate/v0.1", import: [{name: "@rateLimit", as: "@slow"}])',
      `@slow${LIMIT}`,
    ],
  ])('@rateLimit %s', (_, head, use) => {
    const supergraph = composed(`${KINDS.subgraph.head}\n${head}\ntype Query { a: Int ${use} }`);
    expect(isProblems(supergraph) ? supergraph.map(formatProblem) : []).toEqual([]);
    expect((supergraph as Supergraph).rateLimits).toMatchObject([{ coordinate: 'Query.a', limit: 1 }]);
  });

  test('@rateLimit as other tools define it is refused', () => {
    const head = 'directive @rateLimit(max: Int, window: String) on FIELD_DEFINITION';
    const problems = composed(
      `${KINDS.subgraph.head}\n${head}\ntype Query { a: Int @rateLimit(max: 1, window: "1s") }`,
    );
    expect(problems).toMatchObject([{ line: 3, message: expect.stringContaining('Unknown argument "max"') }]);
  });

  test.each([
    ['defined', 'directive @cacheControl(maxAge: Int, scope: Scope) on FIELD_DEFINITION enum Scope { PUBLIC PRIVATE }'],
    [
      'imported from another specification, which is not composed',
      `${federation('v2.9', '"@key"')} @link(url: "https://shop.example/cache/v1.0", import: ["@cacheControl"])`,
    ],
  ])('@cacheControl %s', (_, head) => {
    const use = '@cacheControl(maxAge: 60, scope: PRIVATE)';
    const supergraph = composed(`${KINDS.subgraph.head}\n${head}\ntype Query { a: Int ${use} }`);
    expect(isProblems(supergraph) ? supergraph.map(formatProblem) : []).toEqual([]);
    expect((supergraph as Supergraph).cacheControl).toMatchObject([
      { coordinate: 'Query.a', maxAge: 60, scope: 'PRIVATE' },
    ]);
  });
});

test.each([
  'directive @override(from: String!) on FIELD_DEFINITION',
  `${federation('v2.9', '"@key"')} directive @override(from: String!) on FIELD_DEFINITION`,
  'directive @override(from: String!) on FIELD_DEFINITION type Other { id: ID @shareable }',
])('@override that the file defines moves the field: %s', (head) => {
  const supergraph = composed(
    `${KINDS.subgraph.head}\n${head}\ntype Query { a: Int @override(from: "s1") }`,
    `${KINDS.subgraph.head}\ntype Query { a: Int b: Int }`,
  ) as Supergraph;
  const owners = supergraph.subgraphs.filter(({ types }) => types.get('Query')?.fields.get('a')?.external === false);
  expect(owners.map(({ name }) => name)).toEqual(['s0']);
});

test('a name of federation that the file gives to something else, federation’s being called otherwise', () => {
  const supergraph = composed(
    `${KINDS.subgraph.head}
${federation('v2.9', '{name: "@policy", as: "@fedPolicy"}')}
directive @fine(level: Int) on FIELD_DEFINITION
type Query { a: Int @fedPolicy(policies: [["p"]]) @fine(level: 1) }`,
  ) as Supergraph;
  expect(supergraph.types.get('Query')?.fields.get('a')?.directives.get('policy')).toEqual([{ policies: [['p']] }]);
});

describe('a directive that asks for nothing is refused, for everybody could read what it stands on', () => {
  test.each([
    ['@requiresScopes(scopes: [])', ''],
    ['@requiresScopes(scopes: [[]])', ''],
    ['@policy(policies: [["a"], []])', ''],
    ['@policy(policies: [])', define('policy', 'policy')],
    ['@zz(scopes: [[]])', federation('v2.9', '{name: "@requiresScopes", as: "@zz"}')],
    ['@federation__requiresScopes(scopes: [])', federation('v2.9', '"@key"')],
  ])('%s %s', (use, head) => {
    const problems = composed(`${KINDS.subgraph.head}\n${head}\ntype Query { a: Int ${use} }`);
    expect(problems).toMatchObject([
      { code: 'INEFFECTIVE_DIRECTIVE', message: expect.stringContaining('has an empty list in') },
    ]);
  });
});
