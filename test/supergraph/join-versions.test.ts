import { parse, print, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { plannerOf, size } from '../planner/plan.ts';
import { fieldOf, typeOf } from './join.ts';

/** The same two subgraphs, as compositions of several years have written them. */
const versions = {
  // federation 1: `@core`, owners, one key each, fields of the owner without @join__field
  'v0.1': `
    schema @core(feature: "https://specs.apollo.dev/core/v0.1") @core(feature: "https://specs.apollo.dev/join/v0.1") { query: Query }
    directive @core(feature: String!) repeatable on SCHEMA
    directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet) on FIELD_DEFINITION
    directive @join__type(graph: join__Graph!, key: join__FieldSet) repeatable on OBJECT | INTERFACE
    directive @join__owner(graph: join__Graph!) on OBJECT | INTERFACE
    directive @join__graph(name: String!, url: String!) on ENUM_VALUE
    scalar join__FieldSet
    enum join__Graph {
      PRODUCTS @join__graph(name: "products", url: "http://products.test")
      STOCK @join__graph(name: "stock", url: "http://stock.test")
    }
    type Query { top: [Product!] @join__field(graph: PRODUCTS) }
    type Product @join__owner(graph: PRODUCTS)
      @join__type(graph: PRODUCTS, key: "upc") @join__type(graph: STOCK, key: "upc") {
      upc: String! @join__field(graph: PRODUCTS)
      name: String! @join__field(graph: PRODUCTS)
      weight: Int @join__field(graph: PRODUCTS)
      size: Size
      inStock: Boolean @join__field(graph: STOCK)
      shipping: Int @join__field(graph: STOCK, requires: "weight")
    }
    type Size { width: Int }
  `,
  'v0.2': `
    schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.2", for: EXECUTION) { query: Query }
    scalar join__FieldSet
    enum join__Graph {
      PRODUCTS @join__graph(name: "products", url: "http://products.test")
      STOCK @join__graph(name: "stock", url: "http://stock.test")
    }
    type Query @join__type(graph: PRODUCTS) @join__type(graph: STOCK) { top: [Product!] @join__field(graph: PRODUCTS) }
    type Product @join__type(graph: PRODUCTS, key: "upc") @join__type(graph: STOCK, key: "upc") {
      upc: String!
      name: String! @join__field(graph: PRODUCTS)
      weight: Int @join__field(graph: PRODUCTS) @join__field(graph: STOCK, external: true)
      size: Size @join__field(graph: PRODUCTS)
      inStock: Boolean @join__field(graph: STOCK)
      shipping: Int @join__field(graph: STOCK, requires: "weight")
    }
    type Size @join__type(graph: PRODUCTS) { width: Int }
  `,
};
const written = Object.entries({
  ...versions,
  'v0.3': versions['v0.2'].replace('join/v0.2', 'join/v0.3').replace('weight: Int @', 'weight: Int @join__field @'),
  'v0.5': versions['v0.2']
    .replace('join/v0.2', 'join/v0.5')
    .replace(
      'scalar join__FieldSet',
      'scalar join__FieldSet scalar join__FieldValue input join__ContextArgument { name: String! }',
    )
    .replace('graph: STOCK, requires: "weight"', 'graph: STOCK, requires: "weight", contextArguments: []'),
});

describe.each(written)('join %s', (_, sdl) => {
  const supergraph = readSupergraph(sdl);

  it('tells who resolves what', () => {
    expect(fieldOf(supergraph, 'products', 'Product.name').external).toBe(false);
    expect(typeOf(supergraph, 'stock', 'Product').fields.has('name')).toBe(false);
    expect(print(fieldOf(supergraph, 'stock', 'Product.shipping').requires ?? parse('{ none }'))).toContain('weight');
    expect([...typeOf(supergraph, 'stock', 'Product').fields.keys()]).toEqual(
      expect.arrayContaining(['upc', 'inStock', 'shipping']),
    );
  });

  it('leaves the machinery out of what clients see', () => {
    const names = Object.keys(supergraph.publicSchema.getTypeMap()).filter((name) => !name.startsWith('__'));
    expect(names.filter((name) => /join|core|link/.test(name))).toEqual([]);
    expect(validate(supergraph.publicSchema, parse('{ top { upc size { width } shipping } }'))).toEqual([]);
  });

  it('plans a query over both', () => {
    const { plan } = plannerOf(supergraph).stages('{ top { name size { width } inStock shipping } }');
    expect(size(plan)).toEqual([2, 2]);
    expect(plan.requests.map(({ subgraph }) => subgraph.name)).toEqual(['products', 'stock']);
  });
});
