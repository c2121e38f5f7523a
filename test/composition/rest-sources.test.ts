import { print } from 'graphql';
import { describe, expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSources } from '../../src/composition/read-sources.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { folderWith } from './folder.ts';

const API = 'extend schema @source(name: "api", http: {baseURL: "http://api.test"})\n';

async function read(sdl: string) {
  const dir = await folderWith({ 'shop.graphql': API + sdl });
  return { dir, ...(await readSources(dir, {})) };
}

/** What the file is to the composer. */
async function subgraphOf(sdl: string): Promise<string> {
  const { sources, problems } = await read(sdl);
  expect(problems).toEqual([]);
  expect(composeSupergraph(sources)).toMatchObject({ ok: true });
  return sources[0] ? print(sources[0].document) : '';
}

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires"])';

describe('the keys that connectors imply', () => {
  test('of connectors on types, and of root fields with entity: true', async () => {
    const sdl = await subgraphOf(`
      type User @connect(source: "api", http: {GET: "/users/{$this.id}"}, selection: "id name") { id: ID! name: String }
      type Item @connect(source: "api", http: {POST: "/items", body: "$batch { sku store { no } }"}, selection: "sku store { no } stock") {
        sku: ID! store: Store! stock: Int
      }
      type Store { no: ID! }
      type Post { id: ID! lang: String! title: String }
      type Query {
        post(id: ID!, lang: String!, draft: Boolean): Post
          @connect(source: "api", http: {GET: "/posts/{$args.lang}/{$args.id}"}, selection: "id lang title", entity: true)
      }`);
    expect(sdl).toBe(`${LINK}

type User @key(fields: "id") {
  id: ID!
  name: String
}

type Item @key(fields: "sku store { no }") {
  sku: ID!
  store: Store!
  stock: Int
}

type Store {
  no: ID!
}

type Post @key(fields: "id lang") {
  id: ID!
  lang: String!
  title: String
}

type Query {
  post(id: ID!, lang: String!, draft: Boolean): Post
}`);
  });

  test('of fields with $this, where all else follows from it; written keys are not written twice', async () => {
    const field = '@connect(source: "api", http: {GET: "/p/{$this.id}"}, selection: "$.x")';
    const sdl = await subgraphOf(`
      type A { id: ID! x: Int ${field} }
      type B @key(fields: "id") { id: ID! x: Int ${field} }
      type C { id: ID! name: String x: Int ${field} }
      type Query { c: [C] @connect(source: "api", http: {GET: "/c"}, selection: "id name") }`);
    expect(sdl).toContain('type A @key(fields: "id") {');
    expect(sdl).toContain('type B @key(fields: "id") {');
    expect(sdl).toContain('type C {');
  });

  test('external fields that a connector uses are required', async () => {
    const sdl = await subgraphOf(`
      type P @key(fields: "id", resolvable: true) {
        id: ID!
        weight: Float @external
        cost: Float @connect(source: "api", http: {GET: "/cost/{$this.id}?w={$this.weight}"}, selection: "$.cost")
      }
      type Query { x: Int @connect(source: "api", http: {GET: "/"}, selection: "$.x") }`).catch(String);
    // no other subgraph has the weight here, so the composer refuses it; what counts is what it was given
    expect(sdl).not.toContain('INVALID');
    const { sources } = await read(`
      type P @key(fields: "id") {
        id: ID!
        weight: Float @external
        cost: Float @connect(source: "api", http: {GET: "/cost/{$this.id}?w={$this.weight}"}, selection: "$.cost")
      }
      type Query { x: Int @connect(source: "api", http: {GET: "/"}, selection: "$.x") }`);
    expect(sources[0] && print(sources[0].document)).toContain('cost: Float @requires(fields: "weight")');
  });
});

test('directives of other specifications stay, newer federation is read as the newest that can be composed', async () => {
  const sdl = await subgraphOf(`
    extend schema
      @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@inaccessible", {name: "@key", as: "@id"}])
      @link(url: "https://specs.apollo.dev/connect/v0.2", import: ["@source", {name: "@connect", as: "@rest"}])
    type User @rest(source: "api", http: {GET: "/users/{$this.id}"}, selection: "id secret") { id: ID! secret: Int @inaccessible }
    type Query { users: [User] @rest(source: "api", http: {GET: "/users"}, selection: "id") }`);
  expect(
    sdl,
  ).toBe(`extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@inaccessible", {name: "@key", as: "@id"}])

type User @id(fields: "id") {
  id: ID!
  secret: Int @inaccessible
}

type Query {
  users: [User]
}`);
});

test('the supergraph carries the file as it is, with variables instead of their values', async () => {
  const sdl = `extend schema @source(name: "b", http: {baseURL: "\${B_URL:-http://b}", headers: [{name: "k", value: "\${SECRET}"}]})
type Query { a: Int @connect(source: "b", http: {GET: "/"}, selection: "$.a") }`;
  const dir = await folderWith({ 'shop.graphql': sdl });
  const { sources } = await readSources(dir, { SECRET: 'geheim', B_URL: 'http://inside' });
  const composition = composeSupergraph(sources);
  if (!composition.ok) throw new Error('does not compose');
  expect(composition.supergraphSdl).not.toMatch(/geheim|inside/);
  const { subgraphs } = readSupergraph(composition.supergraphSdl);
  expect(subgraphs).toMatchObject([{ name: 'shop', url: 'headgate:shop', inProcess: { kind: 'rest', sdl } }]);
});

describe('mistakes are reported with their place', () => {
  const get = (selection: string, more = '') =>
    `@connect(source: "api", http: {GET: "/x"}, selection: "${selection}" ${more})`;
  const query = (field: string) => `type Query { ${field} }\n`;

  test.each([
    [
      'an unknown source',
      query('a: Int @connect(source: "apo", http: {GET: "/"}, selection: "$.a")'),
      '2:38 UNKNOWN_SOURCE Unknown source "apo". Did you mean "api"?',
    ],
    [
      'no method',
      query('a: Int @connect(source: "api", http: {body: "a: $args.b"}, selection: "$.a")'),
      '2:21 MISSING_HTTP_METHOD The connector has no HTTP method. Use one of GET, POST, PUT, PATCH, DELETE, as in http: {GET: "/users"}.',
    ],
    [
      'an unknown argument of the directive',
      query(`a: Int ${get('$.a', 'entitty: true')}`),
      '2:90 UNKNOWN_ARGUMENT @connect has no argument "entitty". Did you mean "entity"?',
    ],
    [
      'a template that cannot be read',
      query('a(id: ID): Int @connect(source: "api", http: {GET: "/x/{$args.id"}, selection: "$.a")'),
      '2:78 INVALID_URL Expected "}" at the end of the expression. Example: {$args.id}.',
    ],
    [
      'an unknown argument',
      query('a(id: ID): Int @connect(source: "api", http: {GET: "/x/{$args.ide}"}, selection: "$.a")'),
      '2:70 UNKNOWN_ARGUMENT Query.a has no argument "ide". Did you mean "id"?',
    ],
    [
      'an unknown field of $this',
      `type A { id: ID! b: Int @connect(source: "api", http: {GET: "/x/{$this.idd}"}, selection: "$.b") }\n${query(`a: A ${get('id')}`)}`,
      '2:66 UNKNOWN_FIELD A has no field "idd", which $this.idd reads. Did you mean "id"?',
    ],
    [
      'an unknown variable',
      query(`a: Int ${get('$.a', 'errors: {message: "$argz.b"}')}`),
      '2:100 UNKNOWN_VARIABLE Unknown variable $argz in the connector on Query.a. Did you mean "$args"?',
    ],
    [
      '$this at the root',
      query('a: Int @connect(source: "api", http: {GET: "/{$this.id}"}, selection: "$.a")'),
      '2:60 UNKNOWN_VARIABLE Unknown variable $this in the connector on Query.a. Known names: $config, $env, $context, $request, $response, $status, $args.',
    ],
    [
      'an unknown method',
      query(`a: Int ${get('$.a->frist')}`),
      '2:79 UNKNOWN_METHOD There is no method "->frist". Did you mean "first"?',
    ],
    [
      'too many arguments of a method',
      query(`a: Int ${get('$.a->first(1)')}`),
      '2:79 WRONG_NUMBER_OF_ARGUMENTS "->first" takes 0 arguments, not 1.',
    ],
    [
      'a selection that cannot be read',
      query(`a: Int ${get('$.a {')}`),
      '2:81 INVALID_MAPPING Expected "}", found the end.',
    ],
    [
      'a field that the type lacks',
      `type A { id: ID! name: String }\n${query(`a: A ${get('id nam: name name')}`)}`,
      '3:77 SELECTED_FIELD_NOT_FOUND The selection has "nam", but A has no such field. Did you mean "name"?',
    ],
    [
      'a missing field that cannot be null',
      `type A { id: ID! name: String! }\n${query(`a: A ${get('id')}`)}`,
      '3:74 UNRESOLVABLE_FIELD "name" of A, which is non-null, cannot be resolved from Query.a. Add it to the selection, add @connect to A.name, or add a @connect that looks up A to the type.',
    ],
    [
      'an object without its fields',
      `type A { id: ID! }\n${query(`a: A ${get('$.data')}`)}`,
      '3:74 FIELDS_NOT_SELECTED Query.a has the type A, but the selection does not select its fields. End the path with fields, such as { id }.',
    ],
    [
      'an object for a number',
      query(`a: Int ${get('id')}`),
      '2:76 OBJECT_FOR_LEAF Query.a is an Int, but the selection returns an object. Select a single value, such as $.id.',
    ],
    [
      'a circle of two connectors',
      `type A { b: Int @connect(source: "api", http: {GET: "/{$this.c}"}, selection: "$.b") c: Int @connect(source: "api", http: {GET: "/{$this.b}"}, selection: "$.c") id: ID }\n${query(`a: A ${get('id')}`)}`,
      '3:74 CIRCULAR_REFERENCE A.b needs "c", and A.c needs "b": they depend on each other. Remove one of the dependencies, or select one of the two fields.',
    ],
    [
      'a type within itself',
      `type A { id: ID! parent: A }\n${query(`a: A ${get('id parent { id }')}`)}`,
      '3:77 CIRCULAR_REFERENCE A.parent contains A within A, and "parent" cannot be resolved there. Select the key of the inner A, and add @connect to the type or to A.parent.',
    ],
    [
      'an abstract type without __typename',
      `interface I { id: ID! }\ntype A implements I { id: ID! }\n${query(`a: I ${get('id')}`)}`,
      '4:74 MISSING_TYPENAME Query.a has the abstract type I, but the selection has no __typename. Select it, for example __typename: kind->match(["a", "A"], [@, "A"]).',
    ],
    [
      'a wrong __typename',
      `interface I { id: ID! }\ntype A implements I { id: ID! }\n${query(`a: I ${get("__typename: $('B') id")}`)}`,
      '4:74 UNKNOWN_TYPENAME __typename may be "B", which is not a I. Did you mean "A"?',
    ],
    [
      'a key that the entity lacks',
      `type A { id: ID! }\n${query('a(key: ID!): A @connect(source: "api", http: {GET: "/{$args.key}"}, selection: "id", entity: true)')}`,
      '3:29 ENTITY_RESOLVER_ARGUMENT_MISMATCH A has no field "key", which the entity look-up Query.a needs. Name the arguments after the key fields, or add defaults to optional ones.',
    ],
    [
      'a batch without its key',
      `type A @connect(source: "api", http: {GET: "/?i={$batch.id->joinNotNull(',')}"}, selection: "name") { id: ID! name: String }\n${query(`a: A ${get('id')}`)}`,
      '2:93 BATCH_KEY_NOT_SELECTED The selection of the batch on A lacks "id". Select the key (id). It assigns the objects of the response to their entities.',
    ],
    [
      'a look-up without a key',
      `type A @connect(source: "api", http: {GET: "/a"}, selection: "id") { id: ID! }\n${query(`a: A ${get('id')}`)}`,
      '2:8 ENTITY_WITHOUT_KEY The connector on A is an entity look-up, but uses no key. Use the key in the URL: {$this.id}.',
    ],
    [
      'a reserved header',
      query(
        'a: Int @connect(source: "api", http: {GET: "/", headers: [{name: "Host", value: "x"}]}, selection: "$.a")',
      ),
      '2:79 INVALID_HEADER "host" belongs to the connection and cannot be set.',
    ],
    [
      'an object where one value is expected',
      query(`a: Int ${get('$.a', 'errors: {message: "reason"}')}`),
      '2:100 INVALID_MAPPING The value of this mapping is an object; expected a single value. Use a path, such as $.reason.',
    ],
    [
      'a key by which not all can be had',
      `type A @key(fields: "id") { id: ID! name: String }\n${query(`a: A ${get('id name')}`)}`,
      '2:8 UNRESOLVABLE_FIELD "name" of A cannot be resolved from the key "id" of A. Mark the key resolvable: false, add @connect to A.name, or add a @connect that looks up A to the type.',
    ],
    [
      'a batch size without a batch',
      `type A @connect(source: "api", http: {GET: "/{$this.id}"}, batch: {maxSize: 5}, selection: "id") { id: ID! }\n${query(`a: A ${get('id')}`)}`,
      '2:67 BATCH_NOT_USED The connector on A has a batch size, but does not use $batch. Request all entities at once, on a type: GET: "/users?ids={$batch.id->joinNotNull(\',\')}".',
    ],
    [
      'a look-up that gives a list',
      `type A { id: ID! }\n${query('a(id: ID!): [A] @connect(source: "api", http: {GET: "/{$args.id}"}, selection: "id", entity: true)')}`,
      '3:30 ENTITY_TYPE_INVALID Query.a is an entity look-up, but does not return a single object. Remove entity: true, or change the field to an object type.',
    ],
    [
      'a subscription',
      `type Subscription { a: Int }\n${query(`a: Int ${get('$.a')}`)}`,
      '2:21 SUBSCRIPTION_IN_CONNECTORS Connectors do not support subscriptions. Add @event, or remove the field: only brokers can send the events of this file.',
    ],
  ])('%s', async (_, sdl, expected) => {
    const { problems } = await read(sdl);
    const [first] = problems.map(({ line, column, code, message, hint }) =>
      [`${line}:${column}`, code, message, hint].filter(Boolean).join(' '),
    );
    expect(first).toBe(expected);
  });

  test('in a block string, line and column are those of the file', async () => {
    const { dir, problems } = await read(`type A { id: ID! }
type Query {
  a: A
    @connect(
      source: "api"
      http: {GET: "/a"}
      selection: """

      id
        nme: name->frist
      """
    )
}`);
    expect(problems.map((problem) => formatProblem(problem).replace(`${dir}/`, ''))).toEqual([
      'shop.graphql:11:18  [shop] UNKNOWN_METHOD  There is no method "->frist".\n    hint: Did you mean "first"?',
    ]);
  });
});
