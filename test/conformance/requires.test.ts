import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';
import { asked } from './asked.ts';

/** https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/entities/contribute-fields#computed-entity-fields */
describe('@requires', () => {
  const products = {
    typeDefs: `
      type Query { products: [Product!]! }
      type Product @key(fields: "id") { id: ID! weight(unit: String = "g"): Int size: Size }
      type Size @shareable { height: Int width: Int }`,
    resolvers: {
      Query: { products: () => [{ id: '1' }, { id: '2' }] },
      Product: {
        __resolveReference: (ref: { id: string }) => ({ id: ref.id }),
        weight: ({ id }: { id: string }, { unit }: { unit: string }) => Number(id) * (unit === 'kg' ? 1 : 1000),
        size: ({ id }: { id: string }) => ({ height: Number(id), width: 2 }),
      },
    },
  };

  it('sends the required fields with the key', async () => {
    const shipping = {
      typeDefs: `type Product @key(fields: "id") { id: ID! weight(unit: String): Int @external cost: Int @requires(fields: "weight(unit: \\"kg\\")") }`,
      resolvers: { Product: { cost: ({ weight }: { weight: number }) => weight * 3 } },
    };
    const world = createWorld({ subgraphs: { products, shipping } });
    const { dataText, requests } = await world.query('{ products { cost weight } }');
    // What the client asks of the same field with other arguments stays apart from what is required.
    expect(dataText).toBe('{"products":[{"cost":3,"weight":1000},{"cost":6,"weight":2000}]}');
    expect(asked(requests)).toEqual(['products', 'shipping']);
  });

  it('sends nested required fields under their own names', async () => {
    const shipping = {
      typeDefs: `
        type Product @key(fields: "id") { id: ID! size: Size @external area: Int @requires(fields: "size { height width }") }
        type Size @shareable { height: Int width: Int }`,
      resolvers: {
        Product: { area: ({ size }: { size: { height: number; width: number } }) => size.height * size.width },
      },
    };
    const world = createWorld({ subgraphs: { products, shipping } });
    const { data, requests } = await world.query('{ products { size { height: width } area } }');
    expect(data.products).toEqual([
      { size: { height: 2 }, area: 2 },
      { size: { height: 2 }, area: 4 },
    ]);
    expect(requests[1]?.variables.representations).toEqual([
      { __typename: 'Product', id: '1', size: { height: 1, width: 2 } },
      { __typename: 'Product', id: '2', size: { height: 2, width: 2 } },
    ]);
  });

  it('follows a chain of requirements, one subgraph after the other', async () => {
    const taxes = {
      typeDefs:
        'type Product @key(fields: "id") { id: ID! weight: Int @external tax: Int @requires(fields: "weight") }',
      resolvers: { Product: { tax: ({ weight }: { weight: number }) => weight / 10 } },
    };
    const prices = {
      typeDefs: 'type Product @key(fields: "id") { id: ID! tax: Int @external price: Int @requires(fields: "tax") }',
      resolvers: { Product: { price: ({ tax }: { tax: number }) => tax + 1 } },
    };
    const plain = { ...products, typeDefs: products.typeDefs.replace('weight(unit: String = "g")', 'weight') };
    const world = createWorld({ subgraphs: { products: plain, taxes, prices } });
    const { data, requests } = await world.query('{ products { price } }');
    expect(data.products).toEqual([{ price: 101 }, { price: 201 }]);
    expect(asked(requests)).toEqual(['products', 'taxes', 'prices']);
  });

  it('comes back to the subgraph that it started from', async () => {
    const catalogue = {
      typeDefs: `
        type Query { product: Product }
        type Product @key(fields: "id") { id: ID! weight: Int @external label: String @requires(fields: "weight") }`,
      resolvers: {
        Query: { product: () => ({ id: '1' }) },
        Product: { label: ({ weight }: { weight: number }) => `${weight} g` },
      },
    };
    const scales = {
      typeDefs: 'type Product @key(fields: "id") { id: ID! weight: Int }',
      resolvers: { Product: { weight: () => 12 } },
    };
    const world = createWorld({ subgraphs: { catalogue, scales } });
    const { data, requests } = await world.query('{ product { label } }');
    expect(data).toEqual({ product: { label: '12 g' } });
    expect(asked(requests)).toEqual(['catalogue', 'scales', 'catalogue']);
  });

  it('sends null for a required field that is null', async () => {
    const world = createWorld({
      subgraphs: {
        products: {
          typeDefs: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! weight: Int }',
          resolvers: { Query: { product: () => ({ id: '1', weight: null }) } },
        },
        shipping: {
          typeDefs:
            'type Product @key(fields: "id") { id: ID! weight: Int @external cost: String @requires(fields: "weight") }',
          resolvers: { Product: { cost: ({ weight }: { weight: unknown }) => `for ${weight}` } },
        },
      },
    });
    const { data, errors } = await world.query('{ product { cost } }');
    expect(data).toEqual({ product: { cost: 'for null' } });
    expect(errors).toEqual([]);
  });

  it('reports a required field that failed, although the client did not ask for it', async () => {
    const shipping = {
      typeDefs:
        'type Product @key(fields: "id") { id: ID! weight(unit: String): Int @external cost: Int @requires(fields: "weight") }',
      resolvers: { Product: { cost: () => 1 } },
    };
    const world = createWorld({ subgraphs: { products, shipping } });
    world.fault({ kind: 'field-error', subgraph: 'products', field: 'Product.weight', message: 'scales broken' });
    const { errors } = await world.query('{ products { cost } }');
    expect(errors.map((error) => error.message)).toContain('scales broken');
  });

  describe('of an object that the client reads as well', () => {
    const shelves = {
      typeDefs: `
        type Query { product: Product }
        type Product @key(fields: "id") { id: ID! size: Size sizes: [Size] }
        type Size @shareable { height: Int unit: String! width: Int label: String }`,
      resolvers: {
        Query: { product: () => ({ id: '1' }) },
        Product: { size: () => ({ height: 3, width: 2 }), sizes: () => [{ height: 4, width: 2 }] },
        Size: {
          unit: () => {
            throw new Error('no unit');
          },
        },
      },
    };
    const shipping = {
      typeDefs: `
        type Product @key(fields: "id") {
          id: ID!
          size: Size @external
          sizes: [Size] @external
          cost: Int @requires(fields: "size { height }")
          costs: [Int] @requires(fields: "sizes { height }")
        }
        type Size @shareable { height: Int }`,
      resolvers: {
        Product: {
          cost: ({ size }: { size: { height: number } | null }) => (size ? size.height * 10 : -1),
          costs: ({ sizes }: { sizes: ({ height: number } | null)[] }) => sizes.map((size) => size?.height ?? -1),
        },
      },
    };

    it('is not taken for null because a field failed that only the client asked for', async () => {
      const world = createWorld({ subgraphs: { shelves, shipping } });
      const { data, errors, requests } = await world.query(
        '{ product { size { unit height } sizes { unit } cost costs } }',
      );
      // as if the client had asked for the cost alone
      expect(data.product).toEqual({ size: null, sizes: [null], cost: 30, costs: [4] });
      expect(errors.map(({ path }) => path)).toEqual([
        ['product', 'size', 'unit'],
        ['product', 'sizes', 0, 'unit'],
      ]);
      expect(asked(requests)).toEqual(['shelves', 'shipping']);
    });

    it('is asked for once where nothing that the client asks for could make it null', async () => {
      const world = createWorld({ subgraphs: { shelves, shipping } });
      const { data, requests } = await world.query('{ product { size { width label } cost } }');
      expect(data.product).toEqual({ size: { width: 2, label: null }, cost: 30 });
      expect(requests[0]?.query).toBe('{product{size{height width label} id}}');
    });
  });
});
