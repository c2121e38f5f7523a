import { buildSchema, getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { usedCoordinates } from '../../src/usage/used-coordinates.ts';

const schema = buildSchema(`
  type Query { products(first: Int, filter: Filter, color: Color): [Product!]!  node(id: ID!): Node }
  interface Node { id: ID! }
  type Product implements Node { id: ID! name: String price: Price color: Color }
  type Price { amount: Float currency(round: Boolean): String }
  input Filter { color: Color text: String and: [Filter!] }
  enum Color { RED GREEN }
`);

const used = (text: string) => {
  const document = parse(text);
  const operation = getOperationAST(document, document.definitions.length > 1 ? 'Main' : undefined);
  if (!operation) throw new Error('no operation');
  return usedCoordinates(schema, document, operation);
};

test('fields, their types and arguments', () => {
  expect(used('{ products(first: 3) { name price { currency(round: true) } } }')).toEqual({
    used: [
      'Boolean',
      'Int',
      'Price',
      'Price.currency',
      'Price.currency(round:)',
      'Product',
      'Product.name',
      'Product.price',
      'Query.products',
      'Query.products(first:)',
      'String',
    ],
    possible: [],
  });
});

test('fields of an interface are those of the interface; type conditions are uses of their type', () => {
  const { used: coordinates } = used('{ node(id: "secret") { id ... on Product { name } } }');
  expect(coordinates).toEqual(expect.arrayContaining(['Node.id', 'Product', 'Product.name', 'Query.node(id:)']));
  expect(coordinates).not.toContain('Product.id');
  expect(coordinates.join()).not.toContain('secret');
});

test('fragments that the operation reaches, and no others', () => {
  const { used: coordinates } = used(`
    query Main { products { ...Outer } }
    fragment Outer on Product { ...Inner }
    fragment Inner on Product { color }
    fragment Unreached on Product { price { amount } }
  `);
  expect(coordinates).toContain('Product.color');
  expect(coordinates).not.toContain('Product.price');
});

test('input fields and enum values in literals', () => {
  const { used: coordinates, possible } = used('{ products(filter: {and: [{color: RED}]}) { name } }');
  expect(coordinates).toEqual(expect.arrayContaining(['Filter.and', 'Filter.color', 'Color.RED', 'Filter']));
  expect(coordinates).not.toContain('Color.GREEN');
  expect(possible).toEqual([]);
});

test('what a variable can have is possible only, and what is certain is not listed there', () => {
  const { used: coordinates, possible } = used(
    'query ($filter: Filter) { products(filter: $filter, color: RED) { name } }',
  );
  expect(coordinates).toEqual(expect.arrayContaining(['Filter', 'Query.products(filter:)', 'Color.RED']));
  expect(possible).toEqual(['Color.GREEN', 'Filter.and', 'Filter.color', 'Filter.text']);
});

test('fields that @skip leaves out still have to be in the schema', () => {
  const { used: coordinates } = used('{ products { name @skip(if: true) } }');
  expect(coordinates).toEqual(expect.arrayContaining(['Product.name', '@skip', '@skip(if:)']));
});

test('introspection uses nothing', () => {
  expect(used('{ __schema { types { name } } __typename }')).toEqual({ used: [], possible: [] });
});
