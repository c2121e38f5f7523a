import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../src/pipeline/engine.ts';
import { eachMessage, mergeMessages, messagesOf } from '../worlds/incremental.ts';
import { createWorld } from '../worlds/world.ts';
import { drops } from './dropping.ts';

const user = (id: string) => ({ id, name: `name ${id}`, address: { city: 'Bern', street: 'Hauptgasse' } });

/** Users whose reviews and orders are in other subgraphs. */
const world = (engine: Partial<EngineOptions> = {}) =>
  createWorld({
    engine,
    subgraphs: {
      users: {
        typeDefs: `type Query { me: User users: [User!]! } type Mutation { rename(name: String!): User }
          type User @key(fields: "id") { id: ID! name: String address: Address } type Address { city: String street: String }`,
        resolvers: {
          Query: { me: () => user('1'), users: () => [user('1'), user('2')] },
          User: { __resolveReference: ({ id }: { id: string }) => user(id) },
          Mutation: { rename: (_: unknown, { name }: { name: string }) => ({ ...user('1'), name }) },
        },
      },
      reviews: {
        typeDefs: `type User @key(fields: "id") { id: ID! reviews: [Review!]! rating: Int! }
          type Review @key(fields: "id") { id: ID! body: String }`,
        resolvers: {
          User: {
            __resolveReference: ({ id }: { id: string }) => ({
              id,
              reviews: [{ id: `${id}a`, body: `of ${id}` }],
              rating: id === '2' ? null : 5,
            }),
          },
          Review: { __resolveReference: ({ id }: { id: string }) => ({ id, body: `of ${id}` }) },
        },
      },
      orders: {
        typeDefs: `type User @key(fields: "id") { id: ID! orders: [String!] }
          type Review @key(fields: "id") { id: ID! likes: Int }`,
        resolvers: {
          User: { __resolveReference: ({ id }: { id: string }) => ({ id, orders: [`order of ${id}`] }) },
          Review: { __resolveReference: ({ id }: { id: string }) => ({ id, likes: 3 }) },
        },
      },
    },
  });

const REVIEWS = { reviews: [{ body: 'of 1' }] };

describe('a fragment of another subgraph', () => {
  const query = '{ me { name ... @defer(label: "slow") { reviews { body } } } }';

  it('comes after the rest, named by its id', async () => {
    expect(await messagesOf(world(), query)).toEqual([
      { data: { me: { name: 'name 1' } }, pending: [{ id: '0', path: ['me'], label: 'slow' }], hasNext: true },
      { incremental: [{ id: '0', data: REVIEWS }], completed: [{ id: '0' }], hasNext: false },
    ]);
  });

  it('comes after the rest, named by its path and label', async () => {
    expect(await messagesOf(world(), query, { protocol: '20220824' })).toEqual([
      { data: { me: { name: 'name 1' } }, hasNext: true },
      { incremental: [{ data: REVIEWS, path: ['me'], label: 'slow' }], hasNext: false },
    ]);
  });

  it('is part of the whole for a client that does not read parts', async () => {
    const whole = { data: { me: { name: 'name 1', ...REVIEWS } } };
    expect(await messagesOf(world(), query, { incremental: false })).toEqual([whole]);
    expect((await world().query(query)).data).toEqual(whole.data);
  });

  it('is never sent to a subgraph as such', async () => {
    const asked = world();
    await messagesOf(asked, query);
    expect(asked.requests.map(({ query }) => query).join()).not.toContain('defer');
  });
});

describe('a subgraph of the rest and of a fragment is asked for each', () => {
  it('and looks entities up by key for the fragment', async () => {
    const asked = world();
    const messages = await messagesOf(asked, '{ me { name ... @defer { address { city } } } }');
    expect(messages[0]?.data).toEqual({ me: { name: 'name 1' } });
    expect(mergeMessages(messages).data).toEqual({ me: { name: 'name 1', address: { city: 'Bern' } } });
    expect(asked.requests.map(({ query }) => query)).toEqual([
      '{me{name id}}',
      'query($representations:[_Any!]!){_entities(representations:$representations){...on User{address{city}}}}',
    ]);
  });

  it('and resolves the root field twice for other objects', async () => {
    const asked = world();
    const messages = await messagesOf(asked, '{ me { address { city ... @defer { street } } } }');
    expect(messages[0]?.data).toEqual({ me: { address: { city: 'Bern' } } });
    expect(mergeMessages(messages).data).toEqual({ me: { address: { city: 'Bern', street: 'Hauptgasse' } } });
    expect(asked.requests.map(({ query }) => query)).toEqual(['{me{address{city}}}', '{me{address{street}}}']);
  });
});

describe('the rest comes before a slow field of the same subgraph', () => {
  it.each([
    ['in an object', '{ me { id ... @defer { slow } } }', { me: { id: '1' } }],
    ['in the items of a list', '{ users { id ... @defer { slow } } }', { users: [{ id: '1' }, { id: '2' }] }],
    [
      'in a list within a list',
      '{ users { friends { id ... @defer { slow } } } }',
      { users: [{ friends: [{ id: '1f' }] }, { friends: [{ id: '2f' }] }] },
    ],
    [
      'in a fragment within another one',
      '{ me { id ... @defer { friends { id ... @defer { slow } } } } }',
      { me: { id: '1' } },
    ],
  ])('%s', async (_, query, first) => {
    let resolve = () => {};
    const isReleased = new Promise<void>((done) => {
      resolve = done;
    });
    const slow = createWorld({
      subgraphs: {
        users: {
          typeDefs: `type Query { me: User users: [User!]! }
            type User @key(fields: "id") { id: ID! friends: [User!]! slow: Int }`,
          resolvers: {
            Query: { me: () => ({ id: '1' }), users: () => [{ id: '1' }, { id: '2' }] },
            User: {
              __resolveReference: ({ id }: { id: string }) => ({ id }),
              friends: ({ id }: { id: string }) => [{ id: `${id}f` }],
              slow: () => isReleased.then(() => 5),
            },
          },
        },
      },
    });
    const parts = eachMessage(slow, query);
    expect((await parts.next()).value?.data).toEqual(first);
    resolve();
    for await (const { errors } of parts) expect(errors).toBeUndefined();
  });
});

describe('is not deferred', () => {
  it('what needs no request of its own', async () => {
    const address = { city: 'Bern', street: 'Hauptgasse' };
    const query = '{ users { address { city ... @defer { street } } ... @defer { id } } }';
    expect(await messagesOf(world(), query)).toEqual([
      {
        data: {
          users: [
            { id: '1', address },
            { id: '2', address },
          ],
        },
      },
    ]);
  });

  it('a fragment whose condition is false', async () => {
    const whole = { data: { me: REVIEWS } };
    expect(await messagesOf(world(), '{ me { ... @defer(if: false) { reviews { body } } } }')).toEqual([whole]);
  });

  it('a field that is selected outside, too', async () => {
    const messages = await messagesOf(world(), '{ me { reviews { body } ... @defer { reviews { body } orders } } }');
    expect(messages[0]?.data).toEqual({ me: REVIEWS });
    expect(messages[1]?.incremental).toEqual([{ id: '0', data: { orders: ['order of 1'] } }]);
  });
});

it('the condition may be a variable, which is true where it is missing', async () => {
  const query = 'query ($later: Boolean) { me { name ... @defer(if: $later) { orders } } }';
  expect(await messagesOf(world(), query)).toHaveLength(2);
  expect(await messagesOf(world(), query, { variables: { later: true } })).toHaveLength(2);
  expect(await messagesOf(world(), query, { variables: { later: false } })).toHaveLength(1);
});

it('everything may be deferred, root fields included', async () => {
  const messages = await messagesOf(world(), '{ ... @defer { me { name } } }');
  expect(messages[0]).toEqual({ data: {}, pending: [{ id: '0', path: [] }], hasNext: true });
  expect(mergeMessages(messages).data).toEqual({ me: { name: 'name 1' } });
});

it('each item of a list has a fragment of its own', async () => {
  const messages = await messagesOf(world(), '{ users { id ... @defer { orders } } }');
  expect(messages[0]?.pending?.map(({ path }) => path.join('.'))).toEqual(['users.0', 'users.1']);
  expect(mergeMessages(messages).data.users[1]).toEqual({ id: '2', orders: ['order of 2'] });
});

it('a fragment within another one is announced when that one is complete', async () => {
  const query = '{ me { name ... @defer(label: "outer") { reviews { body ... @defer(label: "inner") { likes } } } } }';
  const messages = await messagesOf(world(), query);
  expect(messages[0]?.pending).toEqual([{ id: '0', path: ['me'], label: 'outer' }]);
  const announced = messages.flatMap(({ pending = [] }) => pending);
  expect(announced).toContainEqual({ id: '1', path: ['me', 'reviews', 0], label: 'inner' });
  expect(mergeMessages(messages).data.me.reviews).toEqual([{ body: 'of 1', likes: 3 }]);
});

it('a field of two fragments comes once', async () => {
  const query = '{ me { ... @defer(label: "a") { orders reviews { id } } ... @defer(label: "b") { orders rating } } }';
  for (const protocol of ['v0.2', '20220824'] as const) {
    const messages = await messagesOf(world(), query, { protocol });
    const parts = messages.flatMap(({ incremental = [] }) => incremental);
    expect(parts.filter(({ data }) => 'orders' in data)).toHaveLength(1);
    const whole = { orders: ['order of 1'], reviews: [{ id: '1a' }], rating: 5 };
    expect(mergeMessages(messages).data.me).toEqual(whole);
  }
});

it('fields below a field that is not deferred have a path below their fragment', async () => {
  const query = '{ me { reviews { id } ... @defer { reviews { likes } } } }';
  const messages = await messagesOf(world(), query);
  expect(messages[0]?.pending).toEqual([{ id: '0', path: ['me'] }]);
  expect(messages[1]?.incremental).toEqual([{ id: '0', subPath: ['reviews', 0], data: { likes: 3 } }]);
});

describe('a fragment that is spread in two deferred fragments', () => {
  const fragments = `fragment Reviewed on User { ...Reviews @defer(label: "reviews") }
    fragment Reviews on User { reviews { likes } }`;

  it('is announced and delivered once', async () => {
    const query = `{ me { ... @defer(label: "a") { orders ...Reviewed } ... @defer(label: "b") { rating ...Reviewed } } } ${fragments}`;
    const messages = await messagesOf(world(), query);
    expect(messages.flatMap(({ pending = [] }) => pending.map(({ label }) => label))).toEqual(['a', 'b', 'reviews']);
    expect(mergeMessages(messages).data).toEqual({
      me: { orders: ['order of 1'], rating: 5, reviews: [{ likes: 3 }] },
    });
    const old = await messagesOf(world(), query, { protocol: '20220824' });
    expect(old.flatMap(({ incremental = [] }) => incremental.map(({ label }) => label)).sort()).toEqual([
      'a',
      'b',
      'reviews',
    ]);
  });

  it('comes with the other one where the first one fails', async () => {
    const query = `{ users { ... @defer(label: "a") { rating ...Reviewed } ... @defer(label: "b") { orders ...Reviewed } } } ${fragments}`;
    const { data, failed } = mergeMessages(await messagesOf(world(), query));
    expect(failed).toEqual([['users', 1]]);
    expect(data.users[1]).toEqual({ orders: ['order of 2'], reviews: [{ likes: 3 }] });
  });
});

it('parts of a mutation are deferred, but it runs once', async () => {
  const asked = world();
  const query = 'mutation { rename(name: "Eve") { name ... @defer { orders address { city } } } }';
  const messages = await messagesOf(asked, query);
  expect(messages[0]?.data).toEqual({ rename: { name: 'Eve' } });
  expect(mergeMessages(messages).data.rename).toEqual({
    name: 'Eve',
    orders: ['order of 1'],
    address: { city: 'Bern' },
  });
  expect(asked.requests.filter(({ operationType }) => operationType === 'mutation')).toHaveLength(1);
});

it('a mutation runs before the fragments of the one before it are there', async () => {
  const log: string[] = [];
  const shop = createWorld({
    subgraphs: {
      carts: {
        typeDefs: `type Query { cart: Cart } type Mutation { add(item: String!): Cart }
          type Cart @key(fields: "id") { id: ID! items: Int }`,
        resolvers: {
          Mutation: {
            add: (_: unknown, { item }: { item: string }) => {
              log.push(`${item} added`);
              return { id: item, items: 1 };
            },
          },
        },
      },
      delivery: {
        typeDefs: 'type Cart @key(fields: "id") { id: ID! days: Int }',
        resolvers: {
          Cart: {
            __resolveReference: async ({ id }: { id: string }) => {
              for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
              log.push(`days of ${id} computed`);
              return { id, days: 3 };
            },
          },
        },
      },
    },
  });
  const query = 'mutation { a: add(item: "pen") { items ... @defer { days } } b: add(item: "cup") { items } }';
  const messages = await messagesOf(shop, query);
  expect(messages[0]?.data).toEqual({ a: { items: 1 }, b: { items: 1 } });
  expect(messages[1]?.incremental).toEqual([{ id: '0', data: { days: 3 } }]);
  expect(log).toEqual(['pen added', 'cup added', 'days of pen computed']);
});

describe('where a fragment fails', () => {
  it('null propagates to its boundary, and the rest stays', async () => {
    const query = '{ users { id ... @defer { rating } } }';
    const messages = await messagesOf(world(), query);
    const completed = messages.flatMap((message) => message.completed ?? []);
    expect(completed.map(({ id, errors }) => [id, errors?.map(({ path }) => path?.join('.'))])).toEqual([
      ['0', undefined],
      ['1', ['users.1.rating']],
    ]);
    const { data, failed } = mergeMessages(messages);
    expect(data).toEqual({ users: [{ id: '1', rating: 5 }, { id: '2' }] });
    expect(failed).toEqual([['users', 1]]);
  });

  it('it has null as data in the older protocol', async () => {
    const messages = await messagesOf(world(), '{ users { id ... @defer { rating } } }', { protocol: '20220824' });
    const parts = messages.flatMap(({ incremental = [] }) => incremental);
    expect(parts[1]).toMatchObject({ data: null, path: ['users', 1], errors: [{ path: ['users', 1, 'rating'] }] });
  });

  it('errors of its subgraph come with it', async () => {
    const broken = world();
    broken.fault({ kind: 'failure', subgraph: 'orders' });
    const [first, second] = await messagesOf(broken, '{ me { name ... @defer { orders } } }');
    expect(first).not.toHaveProperty('errors');
    expect(second?.incremental).toMatchObject([
      { id: '0', data: { orders: null }, errors: [{ path: ['me', 'orders'] }] },
    ]);
  });

  it('there is no part for an object that is null', async () => {
    const broken = world();
    broken.fault({ kind: 'failure', subgraph: 'users' });
    const messages = await messagesOf(broken, '{ me { name ... @defer { orders } } }');
    expect(messages).toMatchObject([{ data: { me: null }, errors: [{ path: ['me'] }], hasNext: false }]);
  });
});

it('a field that a policy drops is null in its part, with the error', async () => {
  const messages = await messagesOf(
    world({ policies: [drops('User.rating', 'User.name')] }),
    '{ me { name ... @defer { orders reviews { id } } } }',
  );
  expect(messages[0]).toMatchObject({ data: { me: { name: null } }, errors: [{ path: ['me', 'name'] }] });
  const deferred = await messagesOf(
    world({ policies: [drops('User.orders')] }),
    '{ me { name ... @defer { orders reviews { id } } } }',
  );
  expect(deferred[0]).not.toHaveProperty('errors');
  expect(deferred[1]?.incremental).toMatchObject([
    { data: { orders: null, reviews: [{ id: '1a' }] }, errors: [{ path: ['me', 'orders'] }] },
  ]);
});

describe('the types of objects come with the objects', () => {
  const media = createWorld({
    subgraphs: {
      list: {
        typeDefs: 'type Query { media: [Media!] } type Media @key(fields: "id") @interfaceObject { id: ID! }',
        resolvers: { Query: { media: () => ['1', '2'].map((id) => ({ __typename: 'Media', id })) } },
      },
      types: {
        typeDefs:
          'interface Media @key(fields: "id") { id: ID! } type Book implements Media @key(fields: "id") { id: ID! }',
        resolvers: { Media: { __resolveReference: ({ id }: { id: string }) => ({ __typename: 'Book', id }) } },
      },
      books: {
        typeDefs: `interface Media { pages: Int } type Book implements Media @key(fields: "id") { id: ID! pages: Int }`,
        resolvers: { Book: { __resolveReference: ({ id }: { id: string }) => ({ id, pages: Number(id) }) } },
      },
    },
  });

  it.each([
    ['within a type condition', '{ media { ... on Book { ... @defer { pages } } } }'],
    ['that each type has in a subgraph of its own', '{ media { ... @defer { pages } } }'],
  ])('where they are needed for a deferred field %s', async (_, query) => {
    const messages = await messagesOf(media, query);
    expect(messages[0]).toMatchObject({ data: { media: [{}, {}] }, hasNext: true });
    expect(messages[0]?.errors).toBeUndefined();
    expect(mergeMessages(messages)).toEqual({ data: { media: [{ pages: 1 }, { pages: 2 }] }, errors: [], failed: [] });
  });
});

describe('validation refuses', () => {
  it.each([
    [
      'two equal labels',
      '{ me { ... @defer(label: "a") { name } ... @defer(label: "a") { id } } }',
      'There are several @defer or @stream with the label "a".',
    ],
    [
      'a label from a variable',
      'query ($l: String) { me { ... @defer(label: $l) { name } } }',
      'The label of @defer must not be a variable.',
    ],
    [
      '@defer at the root of a mutation',
      'mutation { ... @defer { rename(name: "x") { id } } }',
      '@defer cannot be used on root fields of a mutation.',
    ],
    ['@defer on a field', '{ me @defer { name } }', 'Directive "@defer" may not be used on FIELD.'],
    [
      'another argument',
      '{ me { ... @defer(when: true) { name } } }',
      'Unknown argument "when" on directive "@defer".',
    ],
  ])('%s', async (_, query, message) => {
    expect(await messagesOf(world(), query)).toMatchObject([{ errors: [{ message }] }]);
  });

  it('@defer in a subscription', async () => {
    const events = createWorld({
      subgraphs: {
        all: { typeDefs: 'type Query { a: A } type Subscription { a: A } type A { b: Int }', resolvers: {} },
      },
    });
    const query = 'subscription { a { ... @defer { b } } }';
    const message = '@defer is not supported in subscriptions. Remove it, or disable it with "if: false".';
    expect(await messagesOf(events, query)).toMatchObject([{ errors: [{ message }] }]);
  });
});

it('clients find the directive by introspection', async () => {
  const query = '{ __schema { directives { name locations args { name defaultValue } } } }';
  const { directives } = (await world().query(query)).data.__schema;
  expect(directives).toContainEqual({
    name: 'defer',
    locations: ['FRAGMENT_SPREAD', 'INLINE_FRAGMENT'],
    args: [
      { name: 'if', defaultValue: 'true' },
      { name: 'label', defaultValue: null },
    ],
  });
});
