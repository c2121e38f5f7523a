import { describe, expect, it } from 'vitest';
import type { SubgraphResponse } from '../../src/sources/source.ts';
import { execute, type Received } from './execute.ts';

const shop = {
  products: `
    type Query { top: [Product]! best: Product }
    type Product @key(fields: "upc") { upc: ID! name: String weight: Int }
  `,
  stock: `
    type Product @key(fields: "upc") { upc: ID! weight: Int @external inStock: Boolean shipping: Int @requires(fields: "weight") }
  `,
};

/** Answers `_entities` as the representations come, each by a function. */
function entities(answer: (representation: Record<string, unknown>) => unknown) {
  return ({ variables }: Received) => ({ data: { _entities: variables.representations.map(answer) } });
}

describe.each([
  ['at once', false],
  ['later', true],
])('sources that answer %s', (_, later) => {
  it('are asked one after the other where one needs the other', async () => {
    const { data, received } = await execute(
      shop,
      '{ top { name inStock } }',
      {
        products: {
          data: {
            top: [
              { upc: 'a', name: 'A' },
              { upc: 'b', name: 'B' },
            ],
          },
        },
        stock: entities(({ upc }) => ({ inStock: upc === 'a' })),
      },
      { later },
    );
    expect(data).toEqual({
      top: [
        { name: 'A', inStock: true },
        { name: 'B', inStock: false },
      ],
    });
    expect(received.stock).toMatchObject([
      {
        variables: {
          representations: [
            { __typename: 'Product', upc: 'a' },
            { __typename: 'Product', upc: 'b' },
          ],
        },
      },
    ]);
  });

  it('may all fail', async () => {
    const { data, errors } = await execute(shop, '{ top { name } }', { products: 'oops', stock: 'oops' }, { later });
    expect(data).toBeNull();
    expect(errors).toHaveLength(1);
  });
});

describe('an entity that turns up at several places', () => {
  const scripts = {
    products: { data: { top: [{ upc: 'a' }, { upc: 'b' }, { upc: 'a' }], best: { upc: 'b' } } },
    stock: entities(({ upc }) => ({ inStock: upc === 'a' })),
  };

  it('is looked up once and put into all of them', async () => {
    const { data, received } = await execute(shop, '{ top { inStock } best { inStock } }', scripts);
    expect(data).toEqual({
      top: [{ inStock: true }, { inStock: false }, { inStock: true }],
      best: { inStock: false },
    });
    expect(received.stock?.[0]?.variables.representations).toEqual([
      { __typename: 'Product', upc: 'a' },
      { __typename: 'Product', upc: 'b' },
    ]);
  });

  it('is looked up twice where what it sends differs', async () => {
    const { received } = await execute(shop, '{ top { shipping } }', {
      products: {
        data: {
          top: [
            { upc: 'a', weight: 1 },
            { upc: 'a', weight: 2 },
            { upc: 'a', weight: 1 },
          ],
        },
      },
      stock: entities(({ weight }) => ({ shipping: weight })),
    });
    expect(received.stock?.[0]?.variables.representations).toEqual([
      { __typename: 'Product', upc: 'a', weight: 1 },
      { __typename: 'Product', upc: 'a', weight: 2 },
    ]);
  });
});

describe('what is not there', () => {
  it('is not looked up: null objects', async () => {
    const { data, received } = await execute(shop, '{ top { inStock } best { inStock } }', {
      products: { data: { top: [null], best: null } },
      stock: entities(() => ({ inStock: true })),
    });
    expect(data).toEqual({ top: [null], best: null });
    expect(received.stock).toBeUndefined();
  });

  it('is not looked up: objects whose key is null, as it may be', async () => {
    const lenient = { ...shop, products: shop.products.replace('upc: ID!', 'upc: ID') };
    const { data, errors, received } = await execute(lenient, '{ top { name inStock } }', {
      products: {
        data: {
          top: [
            { upc: null, name: 'A' },
            { upc: 'b', name: 'B' },
          ],
        },
      },
      stock: entities(() => ({ inStock: true })),
    });
    expect(data).toEqual({
      top: [
        { name: 'A', inStock: null },
        { name: 'B', inStock: true },
      ],
    });
    expect(errors).toEqual([]);
    expect(received.stock?.[0]?.variables.representations).toEqual([{ __typename: 'Product', upc: 'b' }]);
  });

  it('leaves fields null: an entity that the subgraph does not know', async () => {
    const { data, errors } = await execute(shop, '{ top { name inStock } }', {
      products: {
        data: {
          top: [
            { upc: 'a', name: 'A' },
            { upc: 'b', name: 'B' },
          ],
        },
      },
      stock: entities(({ upc }) => (upc === 'a' ? null : { inStock: true })),
    });
    expect(data).toEqual({
      top: [
        { name: 'A', inStock: null },
        { name: 'B', inStock: true },
      ],
    });
    expect(errors).toEqual([]);
  });
});

describe('lists in lists', () => {
  it('are looked into', async () => {
    const grid = {
      a: 'type Query { grid: [[Cell!]] } type Cell @key(fields: "id") { id: ID! }',
      b: 'type Cell @key(fields: "id") { id: ID! value: Int }',
    };
    const { data } = await execute(grid, '{ grid { value } }', {
      a: { data: { grid: [[{ id: 1 }, { id: 2 }], null, [], [{ id: 1 }]] } },
      b: entities(({ id }) => ({ value: Number(id) * 10 })),
    });
    expect(data).toEqual({ grid: [[{ value: 10 }, { value: 20 }], null, [], [{ value: 10 }]] });
  });
});

describe('value types from two subgraphs', () => {
  const subgraphs = {
    a: 'type Query { settings: [Setting!]! @shareable } type Setting { name: String @shareable theme: String }',
    b: 'type Query { settings: [Setting!]! @shareable } type Setting { name: String @shareable language: String }',
  };
  const query = '{ settings { theme language } }';
  const a = { data: { settings: [{ theme: 'dark' }, { theme: 'light' }] } };

  it('are united item by item', async () => {
    const b = { data: { settings: [{ language: 'de' }, { language: 'fr' }] } };
    expect((await execute(subgraphs, query, { a, b })).data).toEqual({
      settings: [
        { theme: 'dark', language: 'de' },
        { theme: 'light', language: 'fr' },
      ],
    });
  });

  it('stay as the first subgraph gave them where the second has another number of them', async () => {
    const b = { data: { settings: [{ language: 'de' }] } };
    expect((await execute(subgraphs, query, { a, b })).data).toEqual({
      settings: [
        { theme: 'dark', language: null },
        { theme: 'light', language: null },
      ],
    });
  });

  it('outlive a subgraph that fails', async () => {
    const { data, errors } = await execute(subgraphs, query, { a, b: 'oops' });
    expect(data).toEqual({
      settings: [
        { theme: 'dark', language: null },
        { theme: 'light', language: null },
      ],
    });
    expect(errors).toMatchObject([{ path: ['settings'], extensions: { service: 'b' } }]);
  });
});

describe('a list that two subgraphs return, each with another key', () => {
  const shops = {
    catalog: 'type Query { items: [Item] @shareable } type Item @key(fields: "sku") { sku: ID! }',
    names: 'type Query { items: [Item] @shareable } type Item @key(fields: "id") { id: ID! }',
    stock: 'type Item @key(fields: "sku") { sku: ID! inStock: Boolean }',
    ratings: 'type Item @key(fields: "id") { id: ID! stars: Int }',
  };
  const answers = {
    names: { data: { items: [{ id: '1' }, { id: '2' }] } },
    stock: entities(() => ({ inStock: true })),
    ratings: entities(({ id }) => ({ stars: Number(id) })),
  };
  const failure: SubgraphResponse = { kind: 'failure', failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'down' } };

  it.each([
    ['fails', failure],
    ['returns null for it', { data: { items: null } }],
    ['returns null for an item', { data: { items: [null, null] } }],
  ])('is looked up by the key of the one where the other %s first', async (_, catalog) => {
    const { data, received } = await execute(shops, '{ items { inStock stars } }', { catalog, ...answers });
    expect(received.ratings).toHaveLength(1);
    expect(data).toEqual({
      items: [
        { inStock: null, stars: 1 },
        { inStock: null, stars: 2 },
      ],
    });
  });
});

describe('objects of several types', () => {
  const feed = {
    media: `
      type Query { feed: [Medium!]! }
      union Medium = Book | Film | Note
      type Book @key(fields: "id") { id: ID! }
      type Film @key(fields: "id") { id: ID! }
      type Note { text: String }
    `,
    ratings: 'type Book @key(fields: "id") { id: ID! stars: Int } type Film @key(fields: "id") { id: ID! stars: Int }',
  };

  it('are looked up each as what it is', async () => {
    const { data } = await execute(
      feed,
      '{ feed { ... on Book { stars } ... on Film { stars } ... on Note { text } } }',
      {
        media: {
          data: {
            feed: [
              { __typename: 'Film', id: 1 },
              { __typename: 'Note', text: 'x' },
              { __typename: 'Book', id: 1 },
            ],
          },
        },
        ratings: ({ variables: { r0, r1 } }) => {
          expect([r0, r1]).toEqual([[{ __typename: 'Book', id: 1 }], [{ __typename: 'Film', id: 1 }]]);
          return { data: { e0: [{ stars: 5 }], e1: [{ stars: 2 }] } };
        },
      },
    );
    expect(data).toEqual({ feed: [{ stars: 2 }, { text: 'x' }, { stars: 5 }] });
  });
});

describe('client variables', () => {
  const users = {
    users: 'type Query { user(id: ID, tags: [String], at: JSON): User } scalar JSON type User { id: ID }',
  };
  const query =
    'query ($id: ID, $tags: [String], $at: JSON, $b: Boolean!) { user(id: $id, tags: $tags, at: $at) { id @skip(if: $b) again: id } }';

  it('are passed on, those that the subgraph needs', async () => {
    const variables = { id: 'u"1', tags: ['a', null], at: { x: 1 }, b: true };
    const { received } = await execute(users, query, { users: { data: { user: null } } }, { variables });
    expect(received.users?.[0]?.variables).toEqual({ id: 'u"1', tags: ['a', null], at: { x: 1 } });
  });

  it('that the client left out are left out', async () => {
    const { received } = await execute(
      users,
      query,
      { users: { data: { user: null } } },
      { variables: { id: null, b: true } },
    );
    expect(received.users?.[0]?.variables).toEqual({ id: null });
  });
});

describe('a subgraph that has no source', () => {
  it('is an internal error, and reported as one', async () => {
    const run = execute(shop, '{ top { inStock } }', { products: { data: { top: [{ upc: 'a' }] } } });
    await expect(run).rejects.toThrow('no source for subgraph "stock"');
  });
});

describe('text that needs escapes', () => {
  it('is escaped again, whichever subgraph it came from', async () => {
    const { data } = await execute({ a: 'type Query { a: String }', b: 'type Query { b: String }' }, '{ a b }', {
      a: { data: { a: 'plain' } },
      b: { data: { b: 'a "quote" and \\ \n' } },
    });
    expect(data).toEqual({ a: 'plain', b: 'a "quote" and \\ \n' });
  });
});
