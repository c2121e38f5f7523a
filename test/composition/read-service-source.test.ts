import { print } from 'graphql';
import { describe, expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSources } from '../../src/composition/read-sources.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { folderWith } from './folder.ts';

const SERVICE = 'extend schema @service(url: "http://notes/graphql")';

/** The federation subgraph that a service's file stands for, without its `@link`. */
async function subgraphOf(sdl: string, head = SERVICE): Promise<string> {
  const { sources, problems } = await readSources(await folderWith({ 'notes.graphql': `${head}\n${sdl}` }));
  expect(problems).toEqual([]);
  const [source] = sources;
  return source ? print(source.document).replace(/^extend schema @link.*\n\n/, '') : '';
}

/** `line:column CODE message | hint` of each problem. Line 1 is the `@service`. */
async function problemsOf(sdl: string, head = SERVICE): Promise<string[]> {
  const { problems } = await readSources(await folderWith({ 'notes.graphql': `${head}\n${sdl}` }), {});
  return problems.map(({ line, column, code, message, hint }) => `${line}:${column} ${code} ${message} | ${hint}`);
}

describe('a plain service as a federation subgraph', () => {
  test('look-ups give their types keys, and are no fields of the graph; other types may be shared', async () => {
    const sdl = `
      type Query {
        usersByIds(ids: [ID!]!): [User]! @merge(keyField: "id")
        unread: Int!
      }
      type User { id: ID! notes: [Note!]! }
      type Note { text: String! }`;
    expect(await subgraphOf(sdl)).toMatchInlineSnapshot(`
      "type Query {
        unread: Int!
      }

      type User @key(fields: "id") {
        id: ID!
        notes: [Note!]!
      }

      type Note @shareable {
        text: String!
      }"
    `);
  });

  test('a look-up that clients are to see is asked for', async () => {
    const sdl = `
      type Query { user(id: ID!): User @merge(keyField: "id", public: true) }
      type User { id: ID! }`;
    expect(await subgraphOf(sdl)).toContain('user(id: ID!): User\n');
  });

  test('each look-up is a key; a key without one is for reference only', async () => {
    const sdl = `
      type Query {
        user(id: ID!): User @merge(keyField: "id")
        userByEmail(email: String!): User @merge(keyField: "email")
        places(keys: [PlaceKey!]!): [Place]! @merge(key: ["country", "code: post.code"])
      }
      input PlaceKey { country: String! code: String! }
      type User { id: ID! email: String! order: Order }
      type Place { country: String! post: Post! }
      type Post { code: String! }
      type Order @key(fields: "number") { number: Int! }`;
    const subgraph = await subgraphOf(sdl);
    expect(subgraph.match(/^type \w+ @key.*/gm)).toEqual([
      'type User @key(fields: "id") @key(fields: "email") {',
      'type Place @key(fields: "country post { code }") {',
      'type Order @key(fields: "number", resolvable: false) {',
    ]);
  });

  test('a look-up of an interface or a union is one for every type that has the key', async () => {
    const sdl = `
      type Query { node(id: ID!): Node @merge(keyField: "id") }
      interface Node { id: ID! }
      type User implements Node { id: ID! }
      type Note implements Node { id: ID! }`;
    expect((await subgraphOf(sdl)).match(/^type .*/gm)).toEqual([
      'type User implements Node @key(fields: "id") {',
      'type Note implements Node @key(fields: "id") {',
    ]);
  });

  test('@computed is @requires; what it needs is declared external', async () => {
    const sdl = `
      type Query { products(keys: [ProductKey!]!): [Product]! @merge }
      input ProductKey { upc: ID! price: Int weight: Int }
      type Product @key(selectionSet: "{ upc }") {
        upc: ID!
        shipping: Int @computed(selectionSet: "{ price weight }")
      }`;
    expect(await subgraphOf(sdl)).toMatchInlineSnapshot(`
      "input ProductKey {
        upc: ID!
        price: Int
        weight: Int
      }

      type Product @key(fields: "upc") {
        upc: ID!
        shipping: Int @requires(fields: "price weight")
        price: String @external
        weight: String @external
      }"
    `);
  });

  test('names can be changed; a prefix leaves entities, scalars and what has a name of its own', async () => {
    const sdl = `
      schema { query: Root }
      scalar Time
      type Root {
        invoices(status: Status): [Invoice!]!
        status: Status @rename(to: "billingState")
        user(id: ID!): User @merge(keyField: "ref")
      }
      enum Status { OPEN PAID }
      type Invoice { at: Time sum: Money! }
      type Money @rename(to: "Price") { amount: Int! }
      type User { ref: ID! @rename(to: "id") invoices: [Invoice!]! }`;
    const head = 'extend schema @service(url: "http://billing", prefix: "Billing")';
    expect(await subgraphOf(sdl, head)).toMatchInlineSnapshot(`
      "scalar Time

      type Query {
        billingInvoices(status: BillingStatus): [BillingInvoice!]!
        billingState: BillingStatus
      }

      enum BillingStatus {
        OPEN
        PAID
      }

      type BillingInvoice @shareable {
        at: Time
        sum: Price!
      }

      type Price @shareable {
        amount: Int!
      }

      type User @key(fields: "id") {
        id: ID!
        invoices: [BillingInvoice!]!
      }"
    `);
  });

  test("federation's own directives mean what they mean in a subgraph", async () => {
    const sdl = `
      type Query { user(id: ID!): User @merge(keyField: "id") debug: String @inaccessible }
      type User { id: ID! name: String! @shareable secret: String @authenticated @tag(name: "private") }`;
    const subgraph = await subgraphOf(sdl);
    for (const kept of [
      'debug: String @inaccessible',
      'name: String! @shareable',
      'secret: String @authenticated @tag',
    ])
      expect(subgraph).toContain(kept);
  });

  test("the gateway's directives stay where they are, under the graph's names", async () => {
    const sdl = `${SERVICE}
      schema { query: Root }
      type Root { find(text: String!): Hit @rename(to: "search") @rateLimit(limit: 3) }
      type Hit @rename(to: "Found") @rateLimit(limit: 2) { score: Float @rename(to: "points") @rateLimit(limit: 1) }`;
    const { sources, problems } = await readSources(await folderWith({ 'notes.graphql': sdl }));
    expect(problems).toEqual([]);
    expect(sources[0]?.gatewayDirectives.map(({ directive, coordinate }) => `@${directive} ${coordinate}`)).toEqual([
      '@rateLimit Query.search',
      '@rateLimit Found',
      '@rateLimit Found.points',
    ]);
  });

  test("a service's own definitions of the stitching directives are passed over", async () => {
    const sdl = `
      directive @merge(keyField: String, keyArg: String, additionalArgs: String, key: [String!], argsExpr: String) on FIELD_DEFINITION
      directive @key(selectionSet: String!) on OBJECT
      type Query { _users(ids: [ID!]!): [User]! @merge(keyField: "id") }
      type User @key(selectionSet: "{ id }") { id: ID! }`;
    expect(await subgraphOf(sdl)).toBe('type User @key(fields: "id") {\n  id: ID!\n}');
  });
});

describe('together with other sources', () => {
  const USERS = `extend schema @subgraph(url: "http://users/graphql")
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    type Query { me: User }
    type User @key(fields: "id") { id: ID! name: String! }`;

  async function composed(files: Record<string, string>) {
    const { sources, problems } = await readSources(await folderWith(files));
    expect(problems).toEqual([]);
    const composition = composeSupergraph(sources);
    if (!composition.ok) throw new Error(composition.problems.map(({ message }) => message).join('\n'));
    return readSupergraph(composition.supergraphSdl);
  }

  test("its entity extends another subgraph's, and the file travels in the supergraph", async () => {
    const notes = `${SERVICE}
      type Query { userById(id: ID!): User @merge(keyField: "id") }
      type User { id: ID! notes: [String!]! }`;
    const { types, subgraphs } = await composed({ 'users.graphql': USERS, 'notes.graphql': notes });
    expect([...(types.get('User')?.fields.keys() ?? [])].sort()).toEqual(['id', 'name', 'notes']);
    expect([...(types.get('Query')?.fields.keys() ?? [])]).toEqual(['me']);
    expect(subgraphs.map(({ name, url, inProcess }) => [name, url, inProcess?.kind])).toEqual([
      ['notes', 'http://notes/graphql', 'service'],
      ['users', 'http://users/graphql', undefined],
    ]);
  });

  test('two services have types of the same name', async () => {
    const one = (field: string) => `${SERVICE}
      type Query { ${field}: Page }
      type Page { size: Int next: String }`;
    const { types } = await composed({ 'a.graphql': one('a'), 'b.graphql': one('b') });
    expect([...(types.get('Page')?.fields.keys() ?? [])]).toEqual(['size', 'next']);
  });

  test('what a computed field needs has the type that its owner gives it', async () => {
    const products = `extend schema @subgraph(url: "http://products")
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
      type Query { products: [Product!]! }
      type Product @key(fields: "upc") { upc: ID! price: Float! weight: [Int!]! }`;
    const shipping = `${SERVICE}
      type Query { products(keys: [ProductKey!]!): [Product]! @merge }
      input ProductKey { upc: ID! price: Float weight: [Int!] }
      type Product @key(selectionSet: "{ upc }") { upc: ID! shipping: Int @computed(selectionSet: "{ price weight }") }`;
    const { types } = await composed({ 'products.graphql': products, 'shipping.graphql': shipping });
    expect([...(types.get('Product')?.fields.keys() ?? [])].sort()).toEqual(['price', 'shipping', 'upc', 'weight']);
  });

  test('where names clash, it is said that the service may be renamed', async () => {
    const notes = `${SERVICE}
type Query { me: User byId(id: ID!): User @merge(keyField: "id") }
type User { id: ID! }`;
    const { sources } = await readSources(await folderWith({ 'users.graphql': USERS, 'notes.graphql': notes }));
    const composition = composeSupergraph(sources);
    expect(composition.ok || composition.problems).toMatchObject([
      { line: 2, column: 14, code: 'INVALID_FIELD_SHARING', hint: expect.stringContaining('@rename(to: "…")') },
    ]);
  });

  test('roots of subscriptions are fields of the graph', async () => {
    const notes = `${SERVICE}
      type Query { notes: [Note!]! }
      type Subscription { noted: Note! }
      type Note { text: String! }`;
    const { rootTypes, types } = await composed({ 'notes.graphql': notes });
    expect(rootTypes.subscription).toBe('Subscription');
    expect([...(types.get('Subscription')?.fields.keys() ?? [])]).toEqual(['noted']);
  });
});

describe('mistakes are reported with their place and what to do', () => {
  const USER = 'type User { id: ID! name: String owner: Owner } type Owner { id: ID! }';

  test.each([
    [
      'no object',
      `type Query { count(id: ID!): Int @merge(keyField: "id") }`,
      '2:34 MERGE_RETURNS_NO_OBJECT The look-up "count" returns Int; expected an object or a list of objects. | Use @merge on fields such as user(id: ID!): User @merge(keyField: "id")',
    ],
    [
      'lists of lists',
      `type Query { users(ids: [ID!]!): [[User]] @merge(keyField: "id") } ${USER}`,
      '2:43 MERGE_RETURNS_NO_OBJECT The look-up "users" returns [[User]]; expected an object or a list of objects. | Use @merge on fields such as user(id: ID!): User @merge(keyField: "id")',
    ],
    [
      'an unknown key field',
      `type Query { user(id: ID!): User @merge(keyField: "uid") } ${USER}`,
      '2:51 MERGE_UNKNOWN_KEY_FIELD Invalid key of "user": "User" has no field "uid". | The fields of User are id, name, owner.',
    ],
    [
      'a key field that is an object',
      `type Query { user(id: ID!): User @merge(keyField: "owner") } ${USER}`,
      '2:51 MERGE_UNKNOWN_KEY_FIELD Invalid key of "user": "User.owner" is an object, not a single value. | The fields of User are id, name, owner.',
    ],
    [
      'an unknown argument',
      `type Query { user(id: ID!): User @merge(keyField: "id", keyArg: "uid") } ${USER}`,
      '2:65 MERGE_UNKNOWN_KEY_ARG "user" has no argument "uid", which @merge sets to the key. | The arguments of "user" are id.',
    ],
    [
      'several arguments',
      `type Query { user(id: ID!, deep: Boolean): User @merge(keyField: "id") } ${USER}`,
      '2:49 MERGE_KEY_ARG_MISSING "user" has 2 arguments, so @merge must name the one that receives the key. | Set keyArg: @merge(keyField: "…", keyArg: "…"). The arguments of "user" are id, deep.',
    ],
    [
      'a key of another type',
      `type Query { user(number: Int!): User @merge(keyField: "id") } ${USER}`,
      '2:56 MERGE_KEY_TYPE The key User.id is of type ID!, but "number" of "user" takes Int!. | Use a field of the same type.',
    ],
    [
      'one key for a list',
      `type Query { users(id: ID!): [User!] @merge(keyField: "id") } ${USER}`,
      '2:38 MERGE_KEY_TYPE "users" returns a list, but "id" of "users" takes one key: ID!. | Use one key for one object, or a list of keys for a list of objects.',
    ],
    [
      'a list of keys for one',
      `type Query { user(ids: [ID!]): User @merge(keyField: "id") } ${USER}`,
      '2:37 MERGE_KEY_TYPE "user" returns one object, but "ids" of "user" takes a list of keys: [ID!]. | Use one key for one object, or a list of keys for a list of objects.',
    ],
    [
      'no key',
      `type Query { user(id: ID!): User @merge } ${USER}`,
      '2:34 MERGE_WITHOUT_KEY @merge must name the field of User that is the key of "user". | Set it: @merge(keyField: "id"), or add @key(fields: "…") to the type.',
    ],
    [
      'an input that lacks a part of the key',
      `type Query { users(keys: [Key!]!): [User] @merge(key: ["id", "name"]) } input Key { id: ID! } ${USER}`,
      '2:55 MERGE_KEY_TYPE "keys" of "users" is of type Key, which has no field "name". | The fields of Key are id. Set them with @merge(key: ["…"]).',
    ],
    [
      'a further argument that must be given',
      `type Query { user(id: ID!, tenant: String!): User @merge(keyField: "id", keyArg: "id") } ${USER}`,
      '2:51 MERGE_MISSING_ARGUMENT The look-up "user" also requires the argument "tenant: String!", which @merge does not set. | Set a fixed String: @merge(…, additionalArgs: "tenant: …").',
    ],
    [
      'a look-up that is no root field',
      `type Query { me: User } type User { id: ID! friend(id: ID!): User @merge(keyField: "id") }`,
      '2:67 MERGE_NOT_ON_QUERY "User.friend" cannot be a look-up: @merge is only allowed on fields of the Query type. | Use it on a root field that finds objects by a key: user(id: ID!): User @merge(keyField: "id")',
    ],
    [
      'an argument that the directive does not have',
      `type Query { user(id: ID!): User @merge(keyfield: "id") } ${USER}`,
      '2:41 INVALID_SERVICE_SCHEMA Unknown argument "keyfield" on directive "@merge". Did you mean "keyField"? | undefined',
    ],
    ['an unknown type', 'type Query { user: Usr }', '2:20 INVALID_SERVICE_SCHEMA Unknown type "Usr". | undefined'],
    [
      'two types of one name',
      `type Query { a: A b: B } type A @rename(to: "B") { x: Int } type B { x: Int }`,
      '2:66 RENAME_CLASH The type "B" would have the name "B" in the supergraph, like "A". | Rename one of them with @rename(to:).',
    ],
    [
      'two fields of one name',
      'type Query { a: Int b: Int @rename(to: "a") }',
      '2:28 RENAME_CLASH The field "Query.b" would have the name "a" in the supergraph, like "Query.a". | Rename one of them with @rename(to:).',
    ],
    [
      'no name',
      'type Query { a: Int @rename(to: "a b") }',
      '2:21 INVALID_RENAME "a b" is not a valid name. | Use letters, digits and "_". A name cannot start with a digit or "__".',
    ],
    [
      'a computed field that nothing can be given to',
      `type Query { user(id: ID!): User @merge(keyField: "id") } type User { id: ID! hello: String @computed(selectionSet: "{ name }") }`,
      '2:93 COMPUTED_WITHOUT_LOOKUP "User.hello" is computed from other fields, but no look-up of User accepts them. | Add a look-up that receives the whole key as an object: products(keys: [ProductKey!]!): [Product]! @merge',
    ],
    [
      'a computed field whose input has no place in the key',
      `type Query { users(keys: [Key!]!): [User] @merge } input Key { id: ID! } type User @key(fields: "id") { id: ID! hello: String @computed(selectionSet: "{ name }") }`,
      '2:127 COMPUTED_WITHOUT_INPUT "User.hello" needs "name", which is not a field of its look-up\'s key. | Add the field to the input type as a nullable field.',
    ],
    [
      'a list of keys written as one',
      `type Query { users(ids: [ID!]!): [User] @merge(argsExpr: "ids: $key.id") } ${USER}`,
      '2:58 MERGE_INVALID_ARGUMENTS `argsExpr` of "users" takes one key, but the field returns a list. Write [[$key.id]]. | Example: "ids: [[$key.id]], deep: true".',
    ],
    [
      'a key within a list',
      `type Query { user(ids: [ID!]!): User @merge(argsExpr: "ids: [$key.id]") } ${USER}`,
      '2:55 MERGE_INVALID_ARGUMENTS `argsExpr` of "user" has the key within a list. Write a list of keys as [[$key.id]]. | Example: "ids: [[$key.id]], deep: true".',
    ],
    [
      'arguments that cannot be read',
      `type Query { user(id: ID!): User @merge(argsExpr: "id $key.id") } ${USER}`,
      '2:51 MERGE_INVALID_ARGUMENTS `argsExpr` of "user" cannot be parsed: Syntax Error: Expected ":", found "$". | Example: "ids: [[$key.id]], deep: true".',
    ],
    [
      'a fixed argument that there is not',
      `type Query { user(id: ID!): User @merge(keyField: "id", additionalArgs: "deep: true") } ${USER}`,
      '2:73 MERGE_INVALID_ARGUMENTS `additionalArgs` of "user" has "deep", which is not an argument of the field. | Its arguments are id.',
    ],
  ])('%s', async (_, sdl, problem) => {
    expect(await problemsOf(sdl)).toEqual([problem]);
  });

  test.each([
    [
      'no @service',
      '',
      '2:34 MISSING_SERVICE_URL The file has no @service with the URL of the service. | Add `extend schema @service(url: "http://…")` at the top of the file.',
    ],
    [
      'two',
      `${SERVICE} ${SERVICE}`,
      '1:67 REPEATED_SERVICE_URL The file has more than one @service. | Remove all but one.',
    ],
    [
      'no URL',
      'extend schema @service',
      '1:15 INVALID_SERVICE_SCHEMA Directive "@service" argument "url" of type "String!" is required, but it was not provided. | undefined',
    ],
    [
      'something else than a URL',
      'extend schema @service(url: "notes:4007")',
      '1:15 INVALID_SERVICE_URL "notes:4007" cannot be used: expected an http://, https:// or unix:// URL. | Write it like "http://localhost:4001/graphql".',
    ],
    [
      'an unset variable',
      `extend schema @service(url: "\${NOTES_URL}")`,
      `1:15 UNSET_VARIABLE The environment variable NOTES_URL is not set. | Set NOTES_URL, or give it a default: \${NOTES_URL:-http://localhost:4001/graphql}`,
    ],
    [
      'a federation subgraph at the same time',
      `${SERVICE} extend schema @subgraph(url: "http://x")`,
      '1:67 MIXED_SOURCE_KINDS The file describes more than one kind of source: it has @service and @subgraph. | Put each source into a file of its own; types of the same name are joined by their @key.',
    ],
  ])('%s', async (_, head, problem) => {
    expect(await problemsOf(`type Query { user(id: ID!): User @merge(keyField: "id") } ${USER}`, head)).toEqual([
      problem,
    ]);
  });

  test('all of them at once', async () => {
    const sdl = `
      type Query {
        user(id: ID!): User @merge(keyField: "uid")
        count(id: ID!): Int @merge(keyField: "id")
      }
      ${USER}`;
    expect((await problemsOf(sdl)).map((text) => text.split(' ', 2).join(' '))).toEqual([
      '4:46 MERGE_UNKNOWN_KEY_FIELD',
      '5:29 MERGE_RETURNS_NO_OBJECT',
    ]);
  });
});
