import { describe, expect, it } from 'vitest';
import { DebugTrace } from '../../src/shared/debug-trace.ts';
import type { ExplainedNull } from '../../src/shared/null-cause.ts';
import { createWorld, type World, type WorldSubgraph } from '../worlds/world.ts';

const byReference = { __resolveReference: (reference: object) => reference };

/** Products with reviews by users, who are in a subgraph of their own. */
const shop: Record<string, WorldSubgraph> = {
  products: {
    typeDefs: `
      type Query { products: [Product] product: Product }
      type Product @key(fields: "id") { id: ID! name: String weight: Int sku: Sku @inaccessible }
      type Sku { code: String }
    `,
    resolvers: {
      Query: {
        products: () => [
          { id: 'p1', name: 'Lamp', weight: 2 },
          { id: 'p2', name: null, weight: 3 },
        ],
        product: () => ({ id: 'p1', name: 'Lamp', weight: 2 }),
      },
    },
  },
  reviews: {
    typeDefs: `
      type Product @key(fields: "id") { id: ID! reviews: [Review] }
      type Review { text: String author: User! }
      type User @key(fields: "id") { id: ID! }
    `,
    resolvers: {
      Product: {
        ...byReference,
        reviews: ({ id }: { id: string }) => [
          { text: `${id} good`, author: { id: 'u1' } },
          { text: `${id} bad`, author: { id: 'u2' } },
        ],
      },
    },
  },
  users: {
    typeDefs: 'type User @key(fields: "id") { id: ID! name: String! }',
    resolvers: { User: { ...byReference, name: ({ id }: { id: string }) => `name of ${id}` } },
  },
  shipping: {
    typeDefs: `
      type Product @key(fields: "id") { id: ID! weight: Int @external cost: Int @requires(fields: "weight") }
    `,
    resolvers: { Product: { ...byReference, cost: ({ weight }: { weight: number | null }) => (weight ?? 0) * 10 } },
  },
};

interface Explained {
  readonly data: unknown;
  /** `reviews.0 ← nonNull, fetchFailed` */
  readonly chains: readonly string[];
  readonly nulls: readonly ExplainedNull[];
  readonly trace: ReturnType<DebugTrace['toJSON']>;
}

async function explain(world: World, query: string, variables?: Record<string, unknown>): Promise<Explained> {
  const debug = new DebugTrace('r1', undefined);
  const client = { requestId: 'r1', headers: {}, debug };
  const result = await world.engine.execute({ query, variables, client });
  const trace = debug.toJSON();
  return {
    data: JSON.parse(result.dataText ?? 'null'),
    chains: trace.nulls.map(({ path, causes }) => `${path.join('.')} ← ${causes.map(({ kind }) => kind).join(', ')}`),
    nulls: trace.nulls,
    trace,
  };
}

const DOWN = { code: 'SUBREQUEST_HTTP_ERROR', message: 'down', reason: 'HTTP status 503', status: 503 } as const;

describe('a fetch that failed', () => {
  it('is the cause of each null that it leaves, with the null that propagates', async () => {
    const world = createWorld({ subgraphs: shop });
    world.fault({ kind: 'failure', subgraph: 'users', failure: DOWN });
    const { data, chains, nulls } = await explain(world, '{ product { name reviews { text author { name } } } }');
    expect(data).toEqual({ product: { name: 'Lamp', reviews: [null, null] } });
    expect(chains).toEqual(['product.reviews.0 ← nonNull, fetchFailed', 'product.reviews.1 ← nonNull, fetchFailed']);
    expect(nulls[1]?.causes).toEqual([
      {
        kind: 'nonNull',
        field: 'User.name',
        type: 'String!',
        from: ['product', 'reviews', 1, 'author', 'name'],
        to: ['product', 'reviews', 1],
      },
      { kind: 'fetchFailed', subgraph: 'users', fetch: 2, ...DOWN },
    ]);
  });

  it('is recorded with its failure', async () => {
    const world = createWorld({ subgraphs: shop });
    world.fault({ kind: 'failure', subgraph: 'reviews', failure: DOWN });
    const { trace } = await explain(world, '{ products { reviews { text } } }');
    expect(trace.fetches).toMatchObject([
      { fetch: 0, request: 0, subgraph: 'products', representations: 0, status: 200 },
      { fetch: 1, request: 1, subgraph: 'reviews', representations: 2, error: DOWN.code, reason: DOWN.reason },
    ]);
    expect(trace.plan).toMatchObject({ requests: [{ subgraph: 'products' }, { subgraph: 'reviews' }] });
  });

  it.each([
    ['a timeout', { code: 'SUBREQUEST_TIMEOUT', message: 'late' }],
    ['an open circuit breaker', { code: 'SUBGRAPH_CIRCUIT_BREAKER_REJECTED', message: 'refused' }],
    ['a full queue', { code: 'SUBREQUEST_QUEUE_FULL', message: 'full' }],
  ] as const)('because of %s', async (_, failure) => {
    const world = createWorld({ subgraphs: shop });
    world.fault({ kind: 'failure', subgraph: 'products', failure });
    const { nulls } = await explain(world, '{ product { name } }');
    expect(nulls).toEqual([
      { path: ['product'], causes: [{ kind: 'fetchFailed', subgraph: 'products', fetch: 0, ...failure }] },
    ]);
  });

  it.each([
    ['that is no JSON', '<html>', 'not JSON'],
    ['without data', '{}', 'neither data nor errors'],
    ['without entities', '{"data":{}}', 'the list of entities is missing or has another length'],
  ])('with a response %s', async (_, text, reason) => {
    const world = createWorld({ subgraphs: shop });
    world.fault({ kind: 'answer', subgraph: 'reviews', text });
    const { nulls } = await explain(world, '{ product { reviews { text } } }');
    expect(nulls).toMatchObject([
      {
        path: ['product', 'reviews'],
        causes: [{ kind: 'fetchFailed', code: 'SUBREQUEST_MALFORMED_RESPONSE', reason }],
      },
    ]);
  });

  it('under the aliases of the client', async () => {
    const world = createWorld({ subgraphs: shop });
    world.fault({ kind: 'failure', subgraph: 'reviews' });
    const query = '{ p: product { again: name rs: reviews { text } more: reviews { t: text } } }';
    const { chains } = await explain(world, query);
    expect(chains).toEqual(['p.rs ← fetchFailed', 'p.more ← fetchFailed']);
  });

  it('except for fields that @skip leaves out', async () => {
    const world = createWorld({ subgraphs: shop });
    world.fault({ kind: 'failure', subgraph: 'reviews' });
    const query = 'query ($no: Boolean!) { product { name reviews @skip(if: $no) { text } } }';
    expect((await explain(world, query, { no: true })).chains).toEqual([]);
    expect((await explain(world, query, { no: false })).chains).toEqual(['product.reviews ← fetchFailed']);
  });
});

describe('a GraphQL error of a subgraph', () => {
  it('is the cause at its path', async () => {
    const world = createWorld({ subgraphs: shop });
    world.fault({ kind: 'field-error', subgraph: 'products', field: 'Product.name', message: 'no name' });
    const { nulls } = await explain(world, '{ products { name weight } }');
    expect(nulls.map(({ path }) => path)).toEqual([
      ['products', 0, 'name'],
      ['products', 1, 'name'],
    ]);
    expect(nulls[1]?.causes).toEqual([
      { kind: 'subgraphError', subgraph: 'products', fetch: 0, message: 'no name', path: ['products', 1, 'name'] },
    ]);
  });

  it('is the cause of the null that its subgraph propagated', async () => {
    const world = createWorld({ subgraphs: shop });
    world.fault({ kind: 'field-error', subgraph: 'users', field: 'User.name', where: (user) => idOf(user) === 'u2' });
    const { chains, nulls } = await explain(world, '{ product { reviews { author { name } } } }');
    expect(chains).toEqual(['product.reviews.1 ← nonNull, subgraphError']);
    expect(nulls[0]?.causes[1]).toMatchObject({ message: 'User.name failed', path: ['_entities', 1, 'name'] });
  });

  it('within lists of lists and objects that may not be null', async () => {
    const world = createWorld({
      subgraphs: {
        grid: {
          typeDefs: 'type Query { rows: [[Cell!]!] } type Cell { inner: Inner! } type Inner { value: Int! }',
          resolvers: {
            Query: { rows: () => [[{ inner: { value: 1 } }], [{ inner: { value: 2 } }, { inner: { value: 3 } }]] },
          },
        },
      },
    });
    world.fault({
      kind: 'field-error',
      subgraph: 'grid',
      field: 'Inner.value',
      where: (inner) => inside(inner) === 3,
    });
    const { data, nulls } = await explain(world, '{ rows { inner { value } } }');
    expect(data).toEqual({ rows: null });
    expect(nulls).toMatchObject([
      {
        path: ['rows'],
        causes: [
          { kind: 'nonNullInSubgraph', subgraph: 'grid', to: ['rows'] },
          { kind: 'subgraphError', path: ['rows', 1, 1, 'inner', 'value'] },
        ],
      },
    ]);
  });
});

describe('an entity', () => {
  it('that its subgraph does not know', async () => {
    const world = createWorld({ subgraphs: shop });
    world.fault({ kind: 'null-entity', subgraph: 'reviews', type: 'Product', where: { id: 'p2' } });
    const { nulls } = await explain(world, '{ products { reviews { text } } }');
    expect(nulls).toEqual([
      {
        path: ['products', 1, 'reviews'],
        causes: [{ kind: 'entityNull', subgraph: 'reviews', fetch: 1, type: 'Product' }],
      },
    ]);
  });

  it('whose key could not be fetched', async () => {
    const world = createWorld({
      subgraphs: {
        a: {
          typeDefs: 'type Query { item: Item } type Item @key(fields: "id") { id: ID! name: String }',
          resolvers: { Query: { item: () => ({ id: '1', name: 'one' }) } },
        },
        b: {
          typeDefs: 'type Item @key(fields: "id") @key(fields: "code") { id: ID! code: String }',
          resolvers: { Item: { ...byReference, code: () => 'c1' } },
        },
        c: {
          typeDefs: 'type Item @key(fields: "code") { code: String stock: Int }',
          resolvers: { Item: { ...byReference, stock: () => 7 } },
        },
      },
    });
    const query = '{ item { name stock } }';
    expect((await explain(world, query)).chains).toEqual([]);
    world.fault({ kind: 'failure', subgraph: 'b', failure: DOWN });
    const { nulls } = await explain(world, query);
    expect(nulls).toEqual([
      {
        path: ['item', 'stock'],
        causes: [
          { kind: 'missingKey', subgraph: 'c', field: 'code', path: ['item', 'code'] },
          { kind: 'fetchFailed', subgraph: 'b', fetch: 1, ...DOWN },
        ],
      },
    ]);
    world.heal();
    world.fault({ kind: 'answer', subgraph: 'b', text: '{"data":{"_entities":[{"__typename":"Item","code":null}]}}' });
    const nullKey = await explain(world, query);
    expect(nullKey.nulls[0]?.causes).toEqual([
      { kind: 'missingKey', subgraph: 'c', field: 'code', path: ['item', 'code'] },
      { kind: 'subgraphNull', subgraph: 'b', field: 'code' },
    ]);
  });

  it('of a type that was not requested', async () => {
    const world = createWorld({ subgraphs: shop });
    const text = '{"data":{"_entities":[{"__typename":"User","reviews":[]}]}}';
    world.fault({ kind: 'answer', subgraph: 'reviews', text });
    const { nulls } = await explain(world, '{ product { reviews { text } } }');
    expect(nulls).toMatchObject([
      {
        path: ['product', 'reviews'],
        causes: [
          {
            kind: 'fetchFailed',
            code: 'SUBREQUEST_MALFORMED_RESPONSE',
            reason: 'an entity of the type "Product" was requested, but it has the type "User"',
          },
        ],
      },
    ]);
  });
});

describe('what a field needs', () => {
  it('@requires: the required field could not be fetched', async () => {
    const world = createWorld({
      subgraphs: {
        ...shop,
        products: {
          typeDefs: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! name: String }',
          resolvers: { Query: { product: () => ({ id: 'p1', name: 'Lamp' }) } },
        },
        weights: {
          typeDefs: 'type Product @key(fields: "id") { id: ID! weight: Int }',
          resolvers: { Product: { ...byReference, weight: () => 2 } },
        },
      },
    });
    world.fault({ kind: 'failure', subgraph: 'weights', failure: DOWN });
    const { nulls } = await explain(world, '{ product { name cost } }');
    expect(nulls).toEqual([
      {
        path: ['product', 'cost'],
        causes: [
          { kind: 'missingRequired', subgraph: 'shipping', field: 'weight', path: ['product', 'weight'] },
          { kind: 'fetchFailed', subgraph: 'weights', fetch: 1, ...DOWN },
        ],
      },
    ]);
  });

  it('@requires: the required field is null because of an error, so its subgraph has an error, too', async () => {
    const world = createWorld({ subgraphs: shop });
    world.fault({ kind: 'field-error', subgraph: 'products', field: 'Product.weight', message: 'no scales' });
    world.fault({ kind: 'field-error', subgraph: 'shipping', field: 'Product.cost', message: 'no weight' });
    const { chains, nulls } = await explain(world, '{ product { cost } }');
    expect(chains).toEqual(['product.cost ← subgraphError, missingRequired, subgraphError']);
    expect(nulls[0]?.causes).toMatchObject([
      { message: 'no weight', fetch: 1 },
      { subgraph: 'shipping', field: 'weight', path: ['product', 'weight'] },
      { message: 'no scales', fetch: 0 },
    ]);
  });

  it('@fromContext: the value of the context could not be fetched', async () => {
    const world = createWorld({
      subgraphs: {
        users: {
          typeDefs: 'type Query { user: User } type User @key(fields: "id") { id: ID! }',
          resolvers: { Query: { user: () => ({ id: 'u1' }) } },
        },
        settings: {
          typeDefs: 'type User @key(fields: "id") { id: ID! locale: String! }',
          resolvers: { User: { ...byReference, locale: () => 'de' } },
        },
        content: {
          typeDefs: `
            type User @key(fields: "id") @context(name: "user") { id: ID! locale: String! @external text: Text }
            type Text @key(fields: "id") { id: ID! title(locale: String @fromContext(field: "$user { locale }")): String }
          `,
          resolvers: {
            User: { ...byReference, text: () => ({ id: 't1' }) },
            Text: { ...byReference, title: (_: unknown, { locale }: { locale: string }) => `title in ${locale}` },
          },
        },
      },
    });
    const query = '{ user { id text { id title } } }';
    expect((await explain(world, query)).chains).toEqual([]);
    world.fault({ kind: 'failure', subgraph: 'settings', failure: DOWN });
    const { nulls } = await explain(world, query);
    expect(nulls.map(({ path, causes }) => [path.join('.'), causes.map(({ kind }) => kind)])).toEqual([
      ['user.text.title', ['missingContext', 'fetchFailed']],
    ]);
    expect(nulls[0]?.causes[0]).toMatchObject({ subgraph: 'content', field: 'locale', path: ['user', 'locale'] });
  });
});

describe('a value that its type does not allow', () => {
  const kinds = createWorld({
    subgraphs: {
      a: {
        typeDefs: `
          type Query { thing: Thing named: Named }
          type Thing { count: Int strict: Int! colour: Colour }
          enum Colour { RED GREY @inaccessible }
          interface Named { name: String }
          type Person implements Named { name: String age: Int }
          type Secret implements Named @inaccessible { name: String }
        `,
      },
    },
  });
  const answer = (data: unknown) => {
    kinds.heal();
    kinds.fault({ kind: 'answer', subgraph: 'a', text: JSON.stringify({ data }) });
  };

  it.each([
    ['a leaf of another type', '{ thing { count } }', { thing: { count: 'x' } }, 'thing.count ← invalidValue'],
    ['one that may not be null', '{ thing { strict } }', { thing: { strict: 1.5 } }, 'thing ← nonNull, invalidValue'],
    [
      'a value of an enum that clients do not see',
      '{ thing { colour } }',
      { thing: { colour: 'GREY' } },
      'thing.colour ← invalidValue',
    ],
    ['an object in place of a leaf', '{ thing { count } }', { thing: 7 }, 'thing ← invalidValue'],
    [
      'a type that clients do not see',
      '{ named { name } }',
      { named: { __typename: 'Secret', name: 'x' } },
      'named ← invalidValue',
    ],
    ['null where it may not be', '{ thing { strict } }', { thing: { strict: null } }, 'thing ← nonNull, subgraphNull'],
    ['a field that is missing', '{ thing { count } }', { thing: {} }, 'thing.count ← notReturned'],
  ])('%s', async (_, query, data, chain) => {
    answer(data);
    expect((await explain(kinds, query)).chains).toEqual([chain]);
  });
});

it('a null of the subgraph itself is counted, not listed', async () => {
  const { chains, trace } = await explain(createWorld({ subgraphs: shop }), '{ products { name } }');
  expect(chains).toEqual([]);
  expect(trace.nullsOfSubgraphs).toBe(1);
});

it('of many nulls, a hundred are listed, and the others counted', async () => {
  const ids = Array.from({ length: 250 }, (_, id) => ({ id: `p${id}` }));
  const world = createWorld({ subgraphs: shop });
  world.fault({ kind: 'answer', subgraph: 'products', text: JSON.stringify({ data: { products: ids } }) });
  world.fault({ kind: 'failure', subgraph: 'reviews' });
  const { nulls, trace } = await explain(world, '{ products { id reviews { text } } }');
  expect(nulls).toHaveLength(100);
  expect(trace.leftOut).toEqual({ nulls: 150 });
});

it('an interface object: the null names the subgraph of the interface object', async () => {
  const world = createWorld({
    subgraphs: {
      media: {
        typeDefs: `
          type Query { media: [Media] }
          interface Media @key(fields: "id") { id: ID! title: String }
          type Film implements Media @key(fields: "id") { id: ID! title: String }
        `,
        resolvers: { Query: { media: () => [{ __typename: 'Film', id: 'm1', title: 'One' }] } },
      },
      ratings: {
        typeDefs: 'type Media @key(fields: "id") @interfaceObject { id: ID! rating: Int }',
        resolvers: { Media: { ...byReference, rating: () => 5 } },
      },
    },
  });
  world.fault({ kind: 'failure', subgraph: 'ratings', failure: DOWN });
  const { nulls } = await explain(world, '{ media { title rating } }');
  expect(nulls).toEqual([
    { path: ['media', 0, 'rating'], causes: [{ kind: 'fetchFailed', subgraph: 'ratings', fetch: 1, ...DOWN }] },
  ]);
});

function idOf(object: unknown): unknown {
  return (object as { id: unknown }).id;
}

function inside(object: unknown): unknown {
  return (object as { value: unknown }).value;
}
