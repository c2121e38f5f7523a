import { describe, expect, it } from 'vitest';
import { lookupsOfEvents } from '../../src/pipeline/event-fetches.ts';
import { planner } from '../planner/plan.ts';

const { stages, supergraph } = planner({
  orders: `
    type Query { orders: [Order!] }
    type Subscription { order: Order, orders: [Order!], changed: Change, anything: Thing, named: Named, count: Int }
    type Change { kind: String, before: Order, after: Order, by: Author }
    type Author { name: String, last: Order }
    type Order implements Named @key(fields: "id") { id: ID! item: Product }
    type Product implements Named @key(fields: "id", resolvable: false) { id: ID! }
    union Thing = Order | Product
    interface Named { id: ID! }`,
  prices: 'type Order @key(fields: "id") { id: ID! price: Int } type Query { any: Int }',
  products:
    'type Product @key(fields: "id") { id: ID! name: String made: Maker } type Maker @key(fields: "id") { id: ID! } type Query { one: Int }',
  makers: 'type Maker @key(fields: "id") { id: ID! name: String } type Query { two: Int }',
});

/** The types and the subgraphs of the entities that an event is about. */
function about(subscription: string): string[] {
  const { plan } = stages(`subscription { ${subscription} }`);
  const lookups = lookupsOfEvents(plan, supergraph);
  return plan.requests
    .flatMap(({ subgraph, lookups: own }) => own.map((lookup) => [lookup, subgraph.name] as const))
    .filter(([lookup]) => lookups.has(lookup))
    .map(([lookup, subgraph]) => `${lookup.node.type.name} of ${subgraph}`);
}

describe('an event is about', () => {
  it.each([
    [
      'the entity that is its value, and not those below it',
      'order { price item { name made { name } } }',
      ['Order of prices'],
    ],
    ['each entity of a list', 'orders { price }', ['Order of prices']],
    ['the entities in a value that is none', 'changed { kind after { price item { name } } }', ['Order of prices']],
    ['also deeper in it', 'changed { by { name last { price } } }', ['Order of prices']],
    ['an entity of a union', 'anything { ... on Product { name } }', ['Product of products']],
    ['an entity of an interface', 'named { ... on Order { price } }', ['Order of prices']],
    ['nothing that is looked up, where it has all', 'order { id }', []],
    ['no entity', 'count', []],
  ])('%s', (_, subscription, expected) => {
    expect(about(subscription)).toEqual(expected);
  });
});
