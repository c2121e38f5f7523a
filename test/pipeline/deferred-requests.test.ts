import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../worlds/faults.ts';
import { mergeMessages, messagesOf } from '../worlds/incremental.ts';
import { createWorld } from '../worlds/world.ts';

// parts have requests of their own: what fails in one of them leaves what the others returned

it('an object that a second request for it has lost is not blamed on its subgraph', async () => {
  const broken = createWorld({
    subgraphs: {
      users: {
        typeDefs: `type Query { me: User! } type User @key(fields: "id") { id: ID name: String photo: Photo! }
          type Photo { url: String! }`,
        resolvers: {
          Query: {
            me: () => ({ id: '1', name: 'name 1', photo: { url: () => Promise.reject(new Error('no photo')) } }),
          },
        },
      },
      orders: {
        typeDefs: 'type User @key(fields: "id") { id: ID orders: [String!] }',
        resolvers: { User: { __resolveReference: ({ id }: { id: string }) => ({ id, orders: [] }) } },
      },
    },
  });
  const messages = await messagesOf(broken, '{ me { name ... @defer { photo { url } orders } } }');
  const { data, errors, failed } = mergeMessages(messages);
  expect([data, failed]).toEqual([{ me: { name: 'name 1' } }, [['me']]]);
  expect(errors.map(({ path, extensions }) => [path?.join('.'), extensions?.code])).toEqual([
    ['me.photo.url', 'DOWNSTREAM_SERVICE_ERROR'],
    ['me.orders', 'REQUIRED_INPUT_MISSING'],
  ]);
});

it('a second request for an object that fails is reported at the fields of its fragment', async () => {
  const books = createWorld({
    subgraphs: {
      library: {
        typeDefs: 'type Query { author: Author! @shareable } type Author { name: String }',
        resolvers: { Query: { author: () => ({ name: 'Ann' }) } },
      },
      people: {
        typeDefs: 'type Query { author: Author! @shareable } type Author { biography: String }',
      },
    },
  });
  books.fault({ kind: 'failure', subgraph: 'people' });
  const [first, second] = await messagesOf(books, '{ author { name ... @defer { biography } } }');
  expect(first).toEqual({ data: { author: { name: 'Ann' } }, pending: [{ id: '0', path: ['author'] }], hasNext: true });
  expect(second?.incremental).toMatchObject([
    {
      id: '0',
      data: { biography: null },
      errors: [{ path: ['author', 'biography'], extensions: { service: 'people' } }],
    },
  ]);
});

it('a request for a field and for fields of list items that fails is reported at the field and at the list', async () => {
  const shop = createWorld({
    subgraphs: {
      orders: {
        typeDefs: `type Query { order: Order } type Order @key(fields: "id") { id: ID! lines: [Line!] @shareable }
          type Line @shareable { product: String }`,
        resolvers: { Query: { order: () => ({ id: '1', lines: [{ product: 'cup' }, { product: 'pot' }] }) } },
      },
      stock: {
        typeDefs: `type Order @key(fields: "id") { id: ID! state: String lines: [Line!] @shareable }
          type Line { product: String @shareable onStock: Int }`,
      },
    },
  });
  shop.fault({ kind: 'failure', subgraph: 'stock' });
  const query = '{ order { lines { product } ... @defer { state lines { onStock } } } }';
  const { data, errors } = mergeMessages(await messagesOf(shop, query));
  const lines = [
    { product: 'cup', onStock: null },
    { product: 'pot', onStock: null },
  ];
  expect(data).toEqual({ order: { lines, state: null } });
  expect(errors.map(({ path, extensions }) => [path?.join('.'), extensions?.service])).toEqual([
    ['order.state', 'stock'],
    ['order.lines', 'stock'],
  ]);
});

it('a required field that fails takes nothing from the rest, which has a request of its own', async () => {
  const shop = createWorld({
    subgraphs: {
      products: {
        typeDefs: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! }',
        resolvers: { Query: { product: () => ({ id: '1' }) } },
      },
      stock: {
        typeDefs: 'type Product @key(fields: "id") { id: ID! size: Int weight: Int! }',
        resolvers: {
          Product: {
            __resolveReference: ({ id }: { id: string }) => ({ id, size: 3 }),
            weight: () => Promise.reject(new Error('no weight')),
          },
        },
      },
      shipping: {
        typeDefs: `type Product @key(fields: "id") { id: ID! weight: Int! @external
          cost: Int @requires(fields: "weight") }`,
        resolvers: { Product: { __resolveReference: (product: object) => ({ ...product, cost: 9 }) } },
      },
    },
  });
  const query = '{ product { size ... @defer { cost } } }';
  const whole = await shop.query(query);
  const parts = mergeMessages(await messagesOf(shop, query));
  expect(whole.data).toEqual({ product: { size: null, cost: null } });
  expect(parts.data).toEqual({ product: { size: 3, cost: null } });
  const shown = ({ errors }: typeof whole | typeof parts) =>
    errors.map(({ path, message }) => `${path?.join('.')} ${message}`);
  expect(shown(parts).sort()).toEqual(shown(whole).sort());
  expect(parts.errors).toHaveLength(2);
});

it('a field of an interface object comes with the rest for each type, where a fragment selects it on one of them', async () => {
  const media = createWorld({
    subgraphs: {
      list: {
        typeDefs: 'type Query { first: Media } type Media @key(fields: "id") @interfaceObject { id: ID! }',
        resolvers: { Query: { first: () => ({ __typename: 'Media', id: '1' }) } },
      },
      types: {
        typeDefs: `interface Media @key(fields: "id") { id: ID! } interface Rated @key(fields: "id") { id: ID! }
          type Book implements Media & Rated @key(fields: "id") { id: ID! }
          type Film implements Media & Rated @key(fields: "id") { id: ID! }`,
        resolvers: {
          Media: { __resolveReference: ({ id }: { id: string }) => ({ __typename: 'Book', id }) },
          Rated: { __resolveReference: ({ id }: { id: string }) => ({ __typename: 'Book', id }) },
        },
      },
      ratings: {
        typeDefs: 'type Rated @key(fields: "id") @interfaceObject { id: ID! rating: Int! }',
        resolvers: { Rated: { __resolveReference: ({ id }: { id: string }) => ({ id, rating: 5 }) } },
      },
      prices: {
        typeDefs: 'type Book @key(fields: "id") { id: ID! price: Int }',
        resolvers: { Book: { __resolveReference: ({ id }: { id: string }) => ({ id, price: 7 }) } },
      },
    },
  });
  const query = '{ first { ... on Rated { rating } ... @defer { ... on Book { rating price } } } }';
  const messages = await messagesOf(media, query);
  expect(messages[0]?.data).toEqual({ first: { rating: 5 } });
  expect(mergeMessages(messages)).toEqual({ data: { first: { rating: 5, price: 7 } }, errors: [], failed: [] });
});

/** Returns a value when everything else is there. */
async function late<T>(value: T): Promise<T> {
  for (let turns = 0; turns < 50; turns++) await setImmediate();
  return value;
}

// authors have no key: the library returns the names, and for a fragment another subgraph is asked for the author, too
describe.each<{ when: string; author: () => unknown; street: () => unknown }>([
  { when: 'before', author: () => ({ biography: 'Born in Bern.' }), street: () => late('Elm Street') },
  { when: 'after', author: () => late({ biography: 'Born in Bern.' }), street: () => 'Elm Street' },
])('where a request for a fragment responds $when the rest is complete', ({ author, street }) => {
  const books = (ofLibrary: unknown = { name: 'Ann' }) =>
    createWorld({
      subgraphs: {
        library: {
          typeDefs: 'type Query { author: Author @shareable } type Author { name: String }',
          resolvers: { Query: { author: () => ofLibrary } },
        },
        places: { typeDefs: 'type Query { street: String }', resolvers: { Query: { street } } },
        people: {
          typeDefs: 'type Query { author: Author @shareable } type Author { biography: String }',
          resolvers: { Query: { author } },
        },
      },
    });
  const query = '{ author { name ... @defer { biography } } street }';

  it('the rest comes first', async () => {
    const [first, second, ...others] = await messagesOf(books(), query);
    expect(first?.data).toEqual({ author: { name: 'Ann' }, street: 'Elm Street' });
    expect(second?.incremental).toEqual([{ id: '0', data: { biography: 'Born in Bern.' } }]);
    expect(others).toEqual([]);
  });

  it('an object that is null for the rest is null', async () => {
    const messages = await messagesOf(books(null), query);
    expect(messages).toEqual([{ data: { author: null, street: 'Elm Street' }, hasNext: false }]);
  });

  it.each<Fault>([
    { kind: 'failure', subgraph: 'library' },
    { kind: 'field-error', subgraph: 'library', field: 'Query.author' },
  ])('an object that the rest could not fetch is null ($kind)', async (fault) => {
    const broken = books();
    broken.fault(fault);
    const messages = await messagesOf(broken, query);
    expect(messages).toMatchObject([
      {
        data: { author: null, street: 'Elm Street' },
        errors: [{ path: ['author'], extensions: { service: 'library' } }],
      },
    ]);
  });
});
