import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { nameOperations } from '../../src/planner/operation-names.ts';
import { planToJson, printPlan } from '../../src/planner/print-plan.ts';
import { planner } from './plan.ts';

const SUBGRAPHS = {
  products: `
    type Query { product(id: ID): Product }
    type Mutation { rename(name: String!): Product }
    type Product @key(fields: "id") { id: ID! name: String }`,
  'stock-eu.1': 'type Product @key(fields: "id") { id: ID! inStock: Int }',
};

const { stages } = planner(SUBGRAPHS);
const named = (query: string, isNamed = (_: string) => true) => nameOperations(stages(query).plan, isNamed);
const documents = (query: string) => planToJson(named(query)).requests.map(({ document }) => document);

test('a name has the operation of the client, the subgraph and the number of the request', () => {
  expect(documents('query Shop { product { name inStock } }')).toEqual([
    'query Shop__products__1{product{name id}}',
    'query Shop__stock_eu_1__2($representations:[_Any!]!){_entities(representations:$representations){...on Product{inStock}}}',
  ]);
});

test('an operation with variables, and a mutation, have a name, too', () => {
  expect(documents('query Shop($id: ID) { product(id: $id) { name } }')).toEqual([
    'query Shop__products__1($id:ID){product(id:$id){name}}',
  ]);
  expect(documents('mutation Rename { rename(name: "a") { name } }')).toEqual([
    'mutation Rename__products__1{rename(name:"a"){name}}',
  ]);
});

test('an operation without a name is Anonymous', () => {
  expect(documents('{ product { name } }')).toEqual(['query Anonymous__products__1{product{name}}']);
});

test('a name is bounded, and the documents are GraphQL', () => {
  const [document = ''] = documents(`query ${'A'.repeat(1_000)} { product { name } }`);
  const [definition] = parse(document).definitions;
  const name = definition?.kind === 'OperationDefinition' ? definition.name?.value : undefined;
  expect(name).toBe(`${'A'.repeat(64)}__products__1`);
});

test('only the operations for the chosen subgraphs have names', () => {
  const plan = named('query Shop { product { name inStock } }', (subgraph) => subgraph === 'products');
  expect(plan.requests.map(({ name }) => name)).toEqual(['Shop__products__1', undefined]);
});

test('the printed plan has the names', () => {
  expect(printPlan(named('query Shop { product { name } }'))).toBe(
    'wave 1\n  #0 products\n    query Shop__products__1 {\n      product {\n        name\n      }\n    }\n',
  );
});
