import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';
import { asked } from './asked.ts';

/** https://www.apollographql.com/docs/federation/v1/entities: no `@link`, `extend type`, keys marked `@external`. */
describe('federation 1 style', () => {
  const products = {
    federation1: true,
    typeDefs: `
      type Query { product: Product }
      type Product @key(fields: "upc") { upc: String! weight: Int }`,
    resolvers: { Query: { product: () => ({ upc: 'p1' }) }, Product: { weight: () => 5 } },
  };
  const shipping = {
    federation1: true,
    typeDefs: `
      extend type Product @key(fields: "upc") {
        upc: String! @external
        weight: Int @external
        cost: Int @requires(fields: "weight")
      }`,
    resolvers: { Product: { cost: ({ weight }: { weight: number }) => weight * 2 } },
  };

  it('extends an entity of another subgraph', async () => {
    const world = createWorld({ subgraphs: { products, shipping } });
    const { data, requests } = await world.query('{ product { upc weight cost } }');
    expect(data).toEqual({ product: { upc: 'p1', weight: 5, cost: 10 } });
    expect(asked(requests)).toEqual(['products', 'shipping']);
  });

  it('takes an external key from a subgraph that only extends the entity', async () => {
    const carts = {
      federation1: true,
      typeDefs: `
        extend type Query { cart: [Product] }
        extend type Product @key(fields: "upc") { upc: String! @external }`,
      resolvers: { Query: { cart: () => [{ upc: 'p1' }] } },
    };
    const world = createWorld({ subgraphs: { products, carts } });
    const only = await world.query('{ cart { upc } }');
    expect(only.data).toEqual({ cart: [{ upc: 'p1' }] });
    expect(asked(only.requests)).toEqual(['carts']);
    expect((await world.query('{ cart { weight } }')).data).toEqual({ cart: [{ weight: 5 }] });
  });
});
