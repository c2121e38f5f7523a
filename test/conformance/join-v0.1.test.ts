import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/pipeline/pipeline.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { createWorld } from '../worlds/world.ts';

/** A supergraph as compositions of federation 1 wrote it: owners, and keys that are declared but not joined. */
const supergraphSdl = `
  schema @core(feature: "https://specs.apollo.dev/core/v0.1") @core(feature: "https://specs.apollo.dev/join/v0.1") { query: Query }
  enum join__Graph {
    PRODUCTS @join__graph(name: "products", url: "http://products.test")
    REVIEWS @join__graph(name: "reviews", url: "http://reviews.test")
    STOCK @join__graph(name: "stock", url: "http://stock.test")
  }
  type Query { top: [Product] @join__field(graph: PRODUCTS) }
  type Product @join__owner(graph: PRODUCTS)
    @join__type(graph: PRODUCTS, key: "upc") @join__type(graph: REVIEWS, key: "upc") @join__type(graph: STOCK, key: "upc") {
    upc: String! @join__field(graph: PRODUCTS)
    weight: Int @join__field(graph: PRODUCTS)
    size: Size @join__field(graph: PRODUCTS)
    reviews: [Review] @join__field(graph: REVIEWS)
    shipping: Int @join__field(graph: STOCK, requires: "weight")
  }
  type Size { width: Int }
  type Review @join__owner(graph: REVIEWS) @join__type(graph: REVIEWS, key: "id") {
    id: ID! @join__field(graph: REVIEWS)
    body: String @join__field(graph: REVIEWS)
    product: Product @join__field(graph: REVIEWS)
  }`;

const world = createWorld({
  subgraphs: {
    products: {
      federation1: true,
      typeDefs: `
        type Query { top: [Product] }
        type Product @key(fields: "upc") { upc: String! weight: Int size: Size } type Size { width: Int }`,
      resolvers: {
        Query: { top: () => [{ upc: 'a' }, { upc: 'b' }] },
        Product: { weight: ({ upc }: { upc: string }) => (upc === 'a' ? 1 : 2), size: () => ({ width: 3 }) },
      },
    },
    reviews: {
      federation1: true,
      typeDefs: `
        extend type Product @key(fields: "upc") { upc: String! @external reviews: [Review] }
        type Review @key(fields: "id") { id: ID! body: String product: Product }`,
      resolvers: {
        Product: {
          reviews: ({ upc }: { upc: string }) => [{ id: `r-${upc}`, body: `about ${upc}`, product: { upc } }],
        },
      },
    },
    stock: {
      federation1: true,
      typeDefs: `
        extend type Product @key(fields: "upc") {
          upc: String! @external weight: Int @external shipping: Int @requires(fields: "weight")
        }`,
      resolvers: { Product: { shipping: ({ weight }: { weight: number }) => weight * 10 } },
    },
  },
});

/** https://specs.apollo.dev/join/v0.1/ */
describe('a supergraph of federation 1', () => {
  const engine = createEngine({ supergraph: readSupergraph(supergraphSdl), sources: world.sources });

  it('is answered from all its subgraphs, keys and requirements included', async () => {
    const query = '{ top { upc size { width } shipping reviews { body product { weight } } } }';
    const { dataText, errors } = await engine.execute({ query, client: { requestId: 'test', headers: {} } });
    expect(errors).toEqual([]);
    expect(JSON.parse(dataText ?? 'null')).toEqual({
      top: [
        { upc: 'a', size: { width: 3 }, shipping: 10, reviews: [{ body: 'about a', product: { weight: 1 } }] },
        { upc: 'b', size: { width: 3 }, shipping: 20, reviews: [{ body: 'about b', product: { weight: 2 } }] },
      ],
    });
    expect(world.violations).toEqual([]);
  });
});
