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
          Product: { __resolveReference: ({ id }: { id: string }) => ({ id, stock: id === 'bad' ? null : Number(id) }) },
          Review: { __resolveReference: ({ id }: { id: string }) => ({ id, likes: id.length }) },
        },
      },
    },
  });

const stocks = (from: number, to: number) => products(to).slice(from).map(({ id }) => ({ stock: Number(id) }));

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
