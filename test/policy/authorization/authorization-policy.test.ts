import { describe, expect, test, vi } from 'vitest';
import { guardedWorld, identity } from './world.ts';

const ann = { id: 'u1', name: 'Ann', email: 'ann@x', phone: '1', card: { number: '4', limit: 9 } };

const subgraphs = {
  users: {
    typeDefs: `
      type Query {
        me: User @authenticated
        users: [User]
        level: Level
        secret: Secret
        nodes: [Node]
        hits: [Hit]
        rates: [Rate!] @requiresScopes(scopes: [["rates:read", "rates:all"], ["admin"]])
      }
      type Mutation { close: Boolean @authenticated  ping: Boolean }
      interface Node { id: ID! title: String }
      type User implements Node @key(fields: "id") {
        id: ID!
        title: String
        name: String
        email: String @authenticated
        phone: String! @requiresScopes(scopes: [["phone"]])
        card: Card
        level: Level
        secret: Secret
      }
      type Post implements Node { id: ID! title: String body: String }
      type Draft implements Node @authenticated { id: ID! title: String @requiresScopes(scopes: [["drafts"]]) }
      union Hit = User | Draft
      type Card @requiresScopes(scopes: [["cards"]]) { number: String limit: Int @policy(policies: [["owner"], ["auditor", "senior"]]) }
      type Rate { value: Int! }
      enum Level @authenticated { LOW HIGH }
      scalar Secret @policy(policies: [["keeper"]])`,
    resolvers: {
      Query: {
        me: () => ann,
        users: () => [ann, { ...ann, id: 'u2' }],
        level: () => 'LOW',
        secret: () => 's',
        nodes: () => [
          { __typename: 'User', ...ann, title: 'user' },
          { __typename: 'Post', id: 'p1', title: 'post', body: 'text' },
          { __typename: 'Draft', id: 'd1', title: 'draft' },
        ],
        hits: () => [
          { __typename: 'User', ...ann },
          { __typename: 'Draft', id: 'd1', title: 'draft' },
        ],
        rates: () => [{ value: 1 }],
      },
      Mutation: { close: () => true, ping: () => true },
      User: { level: () => 'HIGH', secret: () => 'mine' },
    },
  },
  orders: {
    typeDefs: `
      type User @key(fields: "id") { id: ID! email: String @external orders: [Order] receipt: String @requires(fields: "email") @authenticated }
      type Order { total: Int @authenticated }`,
    resolvers: {
      User: { orders: () => [{ total: 1 }, { total: 2 }], receipt: ({ email }: { email: string }) => `to ${email}` },
    },
  },
};

const UNAUTHORIZED = { message: 'Unauthorized field or type', extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } };
const { ask } = guardedWorld(subgraphs);
const sent = ({ requests }: { requests: readonly { query: string }[] }) => requests.map(({ query }) => query);

describe('@authenticated', () => {
  test('on a field: null and one error without a token, the value with one', async () => {
    const anonymous = await ask('{ users { name email } }');
    expect(anonymous.dataText).toBe('{"users":[{"name":"Ann","email":null},{"name":"Ann","email":null}]}');
    expect(anonymous.errors).toEqual([{ ...UNAUTHORIZED, path: ['users', 'email'] }]);
    expect(sent(anonymous)).toEqual(['{users{name}}']);
    const known = await ask('{ users { email } }', identity());
    expect(known.data).toEqual({ users: [{ email: 'ann@x' }, { email: 'ann@x' }] });
    expect(known.errors).toEqual([]);
  });

  test('nothing is fetched for it, not even the way to it', async () => {
    const answer = await ask('{ users { orders { total } } }');
    expect(answer.data).toEqual({
      users: [{ orders: [{ total: null }, { total: null }] }, { orders: [{ total: null }, { total: null }] }],
    });
    const whole = await ask('{ me { name orders { total } } }');
    expect([whole.dataText, whole.requests, whole.paths]).toEqual(['{"me":null}', [], ['me']]);
  });

  test('of a key: it is still read to look things up, for those who may not read it', async () => {
    const { ask: askShop } = guardedWorld({
      shop: {
        typeDefs: 'type Query { order: Order } type Order @key(fields: "sku") { sku: String @authenticated }',
        resolvers: { Query: { order: () => ({ sku: 's1' }) } },
      },
      stock: {
        typeDefs: 'type Order @key(fields: "sku") { sku: String @authenticated left: Int }',
        resolvers: { Order: { left: ({ sku }: { sku: string }) => sku.length } },
      },
    });
    const { data, paths } = await askShop('{ order { sku left } }');
    expect([data, paths]).toEqual([{ order: { sku: null, left: 2 } }, ['order.sku']]);
  });

  test('of a field that another one requires: composition wants it on that one, too', async () => {
    const typeDefs = subgraphs.orders.typeDefs.replace(
      '@requires(fields: "email") @authenticated',
      '@requires(fields: "email")',
    );
    expect(() => guardedWorld({ ...subgraphs, orders: { ...subgraphs.orders, typeDefs } })).toThrow(/authenticated/);
    expect(sent(await ask('{ users { name receipt } }'))).toEqual(['{users{name}}']);
    expect((await ask('{ users { receipt } }', identity())).data.users[0]).toEqual({ receipt: 'to ann@x' });
  });

  test('on an enum: all fields of that type', async () => {
    const { data, paths } = await ask('{ level users { level } }');
    expect([data, paths]).toEqual([
      { level: null, users: [{ level: null }, { level: null }] },
      ['level', 'users.level'],
    ]);
    expect((await ask('{ level }', identity())).data).toEqual({ level: 'LOW' });
  });

  test('on a mutation: it is not run', async () => {
    const { data, paths, requests } = await ask('mutation { close ping }');
    expect([data, paths]).toEqual([{ close: null, ping: true }, ['close']]);
    expect(requests.map(({ query }) => query)).toEqual(['mutation{ping}']);
  });
});

describe('@requiresScopes', () => {
  test.each([
    [undefined, false],
    ['', false],
    ['rates:read', false],
    ['rates:all', false],
    ['rates:read rates:all', true],
    ['admin', true],
    ['Admin', false],
    ['rates:read admin', true],
  ])('alternatives of scopes that are needed together: %j', async (scopes, allowed) => {
    const { data } = await ask('{ rates { value } }', scopes === undefined ? undefined : identity(scopes));
    expect(data).toEqual({ rates: allowed ? [{ value: 1 }] : null });
  });

  test('on a field that cannot be null: null propagates', async () => {
    const { dataText, paths } = await ask('{ users { name phone } }', identity());
    expect([dataText, paths]).toEqual(['{"users":[null,null]}', ['users.phone']]);
  });

  test('on a type: what returns it is not read, whatever is selected below', async () => {
    const { data, paths } = await ask('{ users { card { __typename number limit } } }', identity());
    expect([data.users[0], paths]).toEqual([{ card: null }, ['users.card']]);
    expect((await ask('{ users { card { number } } }', identity('cards'))).data.users[0]).toEqual({
      card: { number: '4' },
    });
  });
});

describe('aliases and fragments', () => {
  test('each response key is reported once, however often the field is selected under it', async () => {
    const { paths, data } = await ask(
      '{ users { a: email b: email ...F email } } fragment F on User { a: email ... { email } }',
    );
    expect(data.users[0]).toEqual({ a: null, b: null, email: null });
    expect(paths).toEqual(['users.a', 'users.b', 'users.email']);
  });

  test('what @skip and @include take out is not asked for, so it is not refused', async () => {
    const query = 'query ($mail: Boolean!) { users { name email @include(if: $mail) } }';
    expect((await ask(query, undefined, { mail: false })).errors).toEqual([]);
    expect((await ask(query, undefined, { mail: true })).paths).toEqual(['users.email']);
  });
});

describe('interfaces', () => {
  test('a field selected on an interface needs what any of its types needs', async () => {
    const { data, paths } = await ask('{ nodes { __typename title } }', identity());
    expect(data.nodes.map((node: { title: null }) => node.title)).toEqual([null, null, null]);
    expect(paths).toEqual(['nodes.title']);
    const titles = (await ask('{ nodes { title } }', identity('drafts'))).data.nodes;
    expect(titles).toEqual([{ title: 'user' }, { title: 'post' }, { title: 'draft' }]);
  });

  test('in fragments, each type needs its own', async () => {
    const { data, paths } = await ask(
      '{ nodes { __typename ... on User { title } ... on Post { title } ... on Draft { title } } }',
    );
    expect(data.nodes).toEqual([
      { __typename: 'User', title: 'user' },
      { __typename: 'Post', title: 'post' },
      { __typename: 'Draft', title: null },
    ]);
    expect(paths).toEqual(['nodes.title']);
  });

  test('a fragment on a type that may not be read is null field by field; the others are served', async () => {
    const { data, paths } = await ask('{ hits { ... on User { name email } ... on Draft { title } } }');
    expect(data).toEqual({ hits: [{ name: 'Ann', email: null }, { title: null }] });
    expect(paths).toEqual(['hits.email', 'hits.title']);
  });

  test('a non-null field of such a type takes its object along', async () => {
    const { data, paths } = await ask('{ hits { ... on User { name } ... on Draft { id title } } }');
    expect(data).toEqual({ hits: [{ name: 'Ann' }, null] });
    expect(paths).toEqual(['hits.id', 'hits.title']);
  });

  test('of which every type needs the same are not read without it', async () => {
    const { ask: askOthers } = guardedWorld({
      all: {
        typeDefs: `
          type Query { thing: Thing any: Any }
          interface Thing { x: Int }
          type A implements Thing @authenticated { x: Int }
          type B implements Thing @authenticated @requiresScopes(scopes: [["b"]]) { x: Int }
          union Any = A | B`,
        resolvers: { Query: { thing: () => ({ __typename: 'A', x: 1 }), any: () => ({ __typename: 'A', x: 1 }) } },
      },
    });
    const query = '{ thing { __typename ... on A { x } } any { ... on A { x } ... on B { x } } }';
    const anonymous = await askOthers(query);
    expect([anonymous.data, anonymous.requests]).toEqual([{ thing: null, any: null }, []]);
    expect(await askOthers(query, identity())).toMatchObject({
      data: { thing: { __typename: 'A', x: 1 }, any: { x: 1 } },
      paths: ['any.x'],
    });
  });
});

describe('@policy', () => {
  test('is met by nobody where nothing decides it', async () => {
    expect((await ask('{ secret }', identity('keeper', { policies: ['keeper'] }))).paths).toEqual(['secret']);
  });

  test('is decided with the names that the operation needs, once a request; alternatives as with scopes', async () => {
    const grantedPolicies = vi.fn(
      (_names: readonly string[], client) => new Set<string>(client.identity?.scopes ?? []),
    );
    const { ask: askDecided } = guardedWorld(subgraphs, { grantedPolicies });
    const query = '{ users { card { limit } secret } }';
    const card = async (granted: string) => (await askDecided(query, identity(`cards ${granted}`))).data.users[0].card;
    expect(await card('owner')).toEqual({ limit: 9 });
    expect(await card('auditor')).toEqual({ limit: null });
    expect(await card('auditor senior')).toEqual({ limit: 9 });
    expect(grantedPolicies).toHaveBeenCalledTimes(3);
    expect(grantedPolicies.mock.calls[0]?.[0]).toEqual(['owner', 'auditor', 'senior', 'keeper']);
    await askDecided('{ users { email } }');
    expect(grantedPolicies).toHaveBeenCalledTimes(3);
  });

  test('may take time to decide', async () => {
    const { ask: askLate } = guardedWorld(subgraphs, { grantedPolicies: async () => new Set(['keeper']) });
    expect((await askLate('{ secret users { secret } }')).data).toEqual({
      secret: 's',
      users: [{ secret: 'mine' }, { secret: 'mine' }],
    });
  });
});

describe('settings', () => {
  test('reject: the whole operation is refused, and nothing is fetched', async () => {
    const { ask: askStrictly } = guardedWorld(subgraphs, { reject: true });
    const answer = await askStrictly('{ users { name a: email email } }');
    expect(answer).toMatchObject({
      dataText: undefined,
      refusal: 'policy',
      status: 403,
      paths: ['users.a', 'users.email'],
      requests: [],
    });
    expect((await askStrictly('{ users { name } }')).errors).toEqual([]);
  });

  test('dry run: everything is served, and reported', async () => {
    const { ask: askDry } = guardedWorld(subgraphs, { dryRun: true, reject: true });
    const { data, errors, extensions } = await askDry('{ users { email } }');
    expect([data.users[0], errors]).toEqual([{ email: 'ann@x' }, []]);
    expect(extensions).toEqual({ authorizationErrors: [{ ...UNAUTHORIZED, path: ['users', 'email'] }] });
  });

  test('errors may be reported in extensions, or not at all; nulls that propagate are then not reported either', async () => {
    const query = '{ users { phone } }';
    const inExtensions = await guardedWorld(subgraphs, { reportIn: 'extensions' }).ask(query);
    expect(inExtensions).toMatchObject({
      data: { users: [null, null] },
      errors: [],
      extensions: { authorizationErrors: [{ ...UNAUTHORIZED, path: ['users', 'phone'] }] },
    });
    const nowhere = await guardedWorld(subgraphs, { reportIn: 'disabled' }).ask(query);
    expect([nowhere.data, nowhere.errors, nowhere.extensions]).toEqual([{ users: [null, null] }, [], undefined]);
  });

  test('the observer gets each request, with the paths', async () => {
    const onUnauthorized = vi.fn();
    const { ask: askWatched } = guardedWorld(subgraphs, { onUnauthorized });
    for (let i = 0; i < 2; i++) await askWatched('{ users { email } }');
    await askWatched('{ users { email } }', identity());
    expect(onUnauthorized.mock.calls.map(([paths, client]) => [paths, client.requestId])).toEqual([
      [['users.email'], 'r1'],
      [['users.email'], 'r1'],
    ]);
  });
});

test('an operation that needs nothing is not looked at again', async () => {
  const { world } = guardedWorld(subgraphs);
  const grantedPolicies = vi.fn();
  expect((await guardedWorld(subgraphs, { grantedPolicies }).ask('{ users { name } }')).errors).toEqual([]);
  expect(grantedPolicies).not.toHaveBeenCalled();
  expect(world.engine.canDedupe({ query: '{ me { email } }' })).toBe(true);
});

test.each([
  ['{ users { name } }', false],
  ['{ users { ...F } } fragment F on User { e: email }', true],
  ['{ nodes { id } }', true],
  ['{ nodes { ... on Post { id title } } }', false],
  ['{ nothing }', false],
])('whether answers depend on who asks, so that they are not kept for others: %s', (query, depends) => {
  const isGuarded = (options?: Parameters<typeof guardedWorld>[1]) =>
    guardedWorld(subgraphs, options).world.engine.dependsOn({ query }).isGuarded;
  expect(isGuarded()).toBe(depends);
  // a dry run reports what the client may not read
  expect(isGuarded({ dryRun: true })).toBe(depends);
});
