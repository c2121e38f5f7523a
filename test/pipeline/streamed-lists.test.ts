import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../src/pipeline/engine.ts';
import { mergeMessages, messagesOf } from '../worlds/incremental.ts';
import { createWorld } from '../worlds/world.ts';

const products = (count: number) => Array.from({ length: count }, (_, i) => ({ id: String(i), name: `product ${i}` }));

/** Products whose reviews and stock are in other subgraphs. A product with the id `bad` has no stock. */
const world = (items: readonly { id: string }[] = products(4), engine: Partial<EngineOptions> = {}) =>
  createWorld({
    engine,
    subgraphs: {
      products: {
        typeDefs: `type Query { products: [Product!] maybe: [Product] shelves: [Shelf!] shop: Shop } type Shop { top: [Product!] }
          type Mutation { restock: [Product!] }
          type Shelf { products: [Product!] } type Product @key(fields: "id") { id: ID! name: String }`,
        resolvers: {
          Query: {
            products: () => items,
            maybe: () => items,
            shelves: () => [{ products: items }, { products: [] }, { products: items }],
            shop: () => ({ top: items }),
          },
        },
      },
      reviews: {
        typeDefs: `type Product @key(fields: "id") { id: ID! reviews: [Review!] } type Review @key(fields: "id") { id: ID! }`,
        resolvers: {
          Product: {
            __resolveReference: ({ id }: { id: string }) => ({ id, reviews: [{ id: `${id}a` }, { id: `${id}b` }] }),
          },
          Review: { __resolveReference: ({ id }: { id: string }) => ({ id }) },
        },
      },
      stock: {
        typeDefs: `type Product @key(fields: "id") { id: ID! stock: Int! } type Review @key(fields: "id") { id: ID! likes: Int }`,
        resolvers: {
          Product: {
            __resolveReference: ({ id }: { id: string }) => ({ id, stock: id === 'bad' ? null : Number(id) }),
          },
          Review: { __resolveReference: ({ id }: { id: string }) => ({ id, likes: id.length }) },
        },
      },
    },
  });

const stocks = (from: number, to: number) =>
  products(to)
    .slice(from)
    .map(({ id }) => ({ stock: Number(id) }));

describe('a list whose items need other subgraphs', () => {
  const query = '{ products @stream(initialCount: 1, label: "all") { stock } }';

  it('comes with its first items; the others follow, named by the id of the list', async () => {
    expect(await messagesOf(world(), query)).toEqual([
      {
        data: { products: stocks(0, 1) },
        pending: [{ id: '0', path: ['products'], label: 'all' }],
        hasNext: true,
      },
      { incremental: [{ id: '0', items: stocks(1, 4) }], completed: [{ id: '0' }], hasNext: false },
    ]);
  });

  it('comes with its first items; the others follow, named by path and label', async () => {
    expect(await messagesOf(world(), query, { protocol: '20220824' })).toEqual([
      { data: { products: stocks(0, 1) }, hasNext: true },
      { incremental: [{ items: stocks(1, 4), path: ['products', 1], label: 'all' }], hasNext: false },
    ]);
  });

  it('is whole for a client that does not read parts', async () => {
    expect(await messagesOf(world(), query, { incremental: false })).toEqual([{ data: { products: stocks(0, 4) } }]);
  });

  it('is fetched in slices, each twice as long as the one before', async () => {
    const shop = world(products(50));
    await messagesOf(shop, query);
    const sizes = shop.requests.flatMap(({ variables }) => (variables?.representations as unknown[])?.length ?? []);
    expect(sizes).toEqual([1, 10, 20, 19]);
  });

  it('has items in order, each once', async () => {
    const merged = mergeMessages(await messagesOf(world(products(50)), query));
    expect(merged.data).toEqual({ products: stocks(0, 50) });
  });
});

describe('a list is whole', () => {
  const firstOf = async (query: string, variables?: Record<string, unknown>) => {
    const messages = await messagesOf(world(), query, { variables });
    expect(messages).toHaveLength(1);
    return messages[0]?.data;
  };

  it('where its items need no request of their own', async () => {
    expect(await firstOf('{ products @stream { name } }')).toEqual({
      products: products(4).map(({ name }) => ({ name })),
    });
  });

  it('where the condition is false', async () => {
    expect(await firstOf('{ products @stream(if: false) { stock } }')).toEqual({ products: stocks(0, 4) });
    const query = 'query($if: Boolean!) { products @stream(if: $if) { stock } }';
    expect(await firstOf(query, { if: false })).toEqual({ products: stocks(0, 4) });
  });

  it('where it has no more items than come first', async () => {
    expect(await firstOf('{ products @stream(initialCount: 4) { stock } }')).toEqual({ products: stocks(0, 4) });
  });
});

it('the number of first items may be a variable', async () => {
  const query = 'query($first: Int!) { products @stream(initialCount: $first) { stock } }';
  for (const first of [0, 2, 3]) {
    const [initial, ...rest] = await messagesOf(world(), query, { variables: { first } });
    expect(initial?.data).toEqual({ products: stocks(0, first) });
    expect(rest.flatMap(({ incremental = [] }) => incremental.flatMap(({ items }) => items))).toEqual(stocks(first, 4));
  }
});

it('the first items do not wait for the others', async () => {
  const shop = world();
  const messages = await messagesOf(shop, '{ products @stream(initialCount: 1) { name stock } }');
  expect(messages[0]?.data).toEqual({ products: [{ name: 'product 0', stock: 0 }] });
  expect(shop.requests.map(({ subgraph }) => subgraph)).toEqual(['products', 'stock', 'stock']);
});

it('each of several lists of a field is announced, by its path', async () => {
  const messages = await messagesOf(world(), '{ shelves { products @stream(initialCount: 3) { stock } } }');
  expect(messages[0]?.pending).toEqual([
    { id: '0', path: ['shelves', 0, 'products'] },
    { id: '1', path: ['shelves', 2, 'products'] },
  ]);
  const shelf = { products: stocks(0, 4) };
  expect(mergeMessages(messages).data).toEqual({ shelves: [shelf, { products: [] }, shelf] });
});

describe('a list in another one', () => {
  const query = '{ products @stream(initialCount: 1) { reviews @stream(label: "of one") { likes } } }';

  it('is announced with the items that have it', async () => {
    const messages = await messagesOf(world(products(2)), query);
    expect(messages[0]).toMatchObject({
      data: { products: [{ reviews: [] }] },
      pending: [{ path: ['products', 0, 'reviews'], label: 'of one' }, { path: ['products'] }],
    });
    expect(messages.slice(1).flatMap(({ pending = [] }) => pending.map(({ path }) => path))).toEqual([
      ['products', 1, 'reviews'],
    ]);
  });

  it.each(['v0.2', '20220824'] as const)('has all its items in the end, with %s', async (protocol) => {
    const shop = world(products(30));
    const whole = await shop.query(query);
    expect(mergeMessages(await messagesOf(shop, query, { protocol })).data).toEqual(whole.data);
  });
});

describe('with @defer', () => {
  it.each(['v0.2', '20220824'] as const)('a deferred list begins with its first items, with %s', async (protocol) => {
    const query = '{ shop { ... @defer { top @stream(initialCount: 1) { stock } } } products { name } }';
    const shop = world();
    const merged = mergeMessages(await messagesOf(shop, query, { protocol }));
    expect(merged.data).toEqual((await shop.query(query)).data);
  });

  it.each(['v0.2', '20220824'] as const)('items have deferred fragments of their own, with %s', async (protocol) => {
    const query = '{ products @stream(initialCount: 1) { stock ... @defer { reviews { likes } } } }';
    const shop = world();
    const messages = await messagesOf(shop, query, { protocol });
    expect(messages[0]?.data).toEqual({ products: [{ stock: 0 }] });
    expect(mergeMessages(messages).data).toEqual((await shop.query(query)).data);
  });
});

describe('where an item fails', () => {
  const items = [...products(2), { id: 'bad' }, ...products(1)];

  it('and may be null, the others follow', async () => {
    const query = '{ maybe @stream(initialCount: 1) { stock } }';
    const messages = await messagesOf(world(items), query);
    expect(messages.slice(1)).toMatchObject([
      {
        incremental: [
          { id: '0', items: [{ stock: 1 }, null, { stock: 0 }], errors: [{ path: ['maybe', 2, 'stock'] }] },
        ],
        completed: [{ id: '0' }],
        hasNext: false,
      },
    ]);
  });

  it('and must not be null, the list ends before it with an error', async () => {
    const query = '{ products @stream(initialCount: 1) { stock } }';
    const messages = await messagesOf(world(items), query);
    expect(messages.slice(1).flatMap(({ incremental = [] }) => incremental)).toEqual([
      { id: '0', items: stocks(1, 2) },
    ]);
    expect(messages.at(-1)).toMatchObject({
      completed: [{ id: '0', errors: [{ path: ['products', 2, 'stock'] }] }],
      hasNext: false,
    });
  });

  it('it is null as items in the older protocol', async () => {
    const query = '{ products @stream(initialCount: 1) { stock } }';
    const messages = await messagesOf(world(items), query, { protocol: '20220824' });
    expect(messages.slice(1).flatMap(({ incremental = [] }) => incremental)).toMatchObject([
      { items: stocks(1, 2), path: ['products', 1] },
      { items: null, path: ['products', 2], errors: [{ path: ['products', 2, 'stock'] }] },
    ]);
  });

  it('among the first ones, nothing follows', async () => {
    const messages = await messagesOf(
      world([{ id: 'bad' }, ...products(2)]),
      '{ products @stream(initialCount: 1) { stock } }',
    );
    expect(messages).toMatchObject([{ data: { products: null }, errors: [{ path: ['products', 0, 'stock'] }] }]);
  });
});

describe('validation refuses', () => {
  it.each([
    [
      'a field that is no list',
      '{ shop @stream { top { stock } } }',
      '@stream is for lists, but "shop" is of the type Shop.',
    ],
    [
      'a negative number',
      '{ products @stream(initialCount: -1) { stock } }',
      'The initialCount of @stream is -1; expected 0 or more.',
    ],
    [
      'root fields of a mutation',
      'mutation { restock @stream { stock } }',
      '@stream cannot be used on root fields of a mutation.',
    ],
    [
      'different arguments of merged fields',
      '{ products @stream(initialCount: 1) { stock } products @stream(initialCount: 2) { name } }',
      'Fields "products" conflict: "products" has @stream in one of them only, or with different arguments. Give one of them another alias to get both.',
    ],
    [
      '@stream in one of two merged fields only',
      '{ products @stream { stock } products { name } }',
      'Fields "products" conflict: "products" has @stream in one of them only, or with different arguments. Give one of them another alias to get both.',
    ],
    [
      'a label twice',
      '{ products @stream(label: "a") { stock } ... @defer(label: "a") { maybe { stock } } }',
      'There are several @defer or @stream with the label "a".',
    ],
  ])('%s', async (_name, query, message) => {
    const [refused] = await messagesOf(world(), query);
    expect(refused?.errors?.map((error) => error.message)).toEqual([message]);
  });

  it.each([
    [-1, 'Variable "$first" is -1, but the initialCount of @stream needs 0 or more.'],
    [null, 'Variable "$first" is null, but the initialCount of @stream needs 0 or more.'],
  ])('a variable of %s as the number of first items', async (first, message) => {
    const query = 'query($first: Int = 1) { products @stream(initialCount: $first) { stock } }';
    const [refused] = await messagesOf(world(), query, { variables: { first } });
    expect(refused?.errors?.map((error) => error.message)).toEqual([message]);
  });
});
