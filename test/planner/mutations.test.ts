import { describe, expect, it } from 'vitest';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { planner, plannerOf } from './plan.ts';

const { plan, supergraph } = planner({
  carts: `
    type Query { cart: Cart }
    type Mutation { add(item: ID!, count: Int = 1): Cart! clear: Cart! }
    type Cart @key(fields: "id") { id: ID! size: Int! }
  `,
  orders: `
    type Query { orders: [ID!]! }
    type Mutation { order(cart: ID!): Order! }
    type Order { id: ID! cart: Cart! }
    type Cart @key(fields: "id") { id: ID! total: Int! }
  `,
});

describe('mutations', () => {
  it('of one subgraph go together, in their order', () => {
    expect(plan('mutation { clear { size } add(item: 1) { size } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 carts
          mutation {
            clear {
              size
            }
            add(item: 1) {
              size
            }
          }
      "
    `);
  });

  it('of two subgraphs wait for each other', () => {
    expect(plan('mutation { add(item: 1) { id } order(cart: 7) { id } clear { id } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 carts
          mutation {
            add(item: 1) {
              id
            }
          }
      wave 2
        #1 orders, after #0
          mutation {
            order(cart: 7) {
              id
            }
          }
      wave 3
        #2 carts, after #1
          mutation {
            clear {
              id
            }
          }
      "
    `);
  });

  it('wait for all that the one before needs', () => {
    expect(plan('mutation { add(item: 1) { total } clear { size } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 carts
          mutation {
            add(item: 1) {
              id
            }
          }
      wave 2
        #1 orders, after #0
          Cart { id } at add
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Cart {
                total
              }
            }
          }
      wave 3
        #2 carts, after #0 #1
          mutation {
            clear {
              size
            }
          }
      "
    `);
  });

  it('are run twice where they are asked for twice', () => {
    expect(plan('mutation { one: add(item: 1) { size } two: add(item: 1) { size } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 carts
          mutation {
            one: add(item: 1) {
              size
            }
            two: add(item: 1) {
              size
            }
          }
      "
    `);
  });

  it('pass the client’s variables on', () => {
    expect(
      plan('mutation Add($item: ID!, $n: Int = 2) { add(item: $item, count: $n) { total } }'),
    ).toMatchInlineSnapshot(`
      "wave 1
        #0 carts
          mutation ($item: ID!, $n: Int = 2) {
            add(item: $item, count: $n) {
              id
            }
          }
      wave 2
        #1 orders, after #0
          Cart { id } at add
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Cart {
                total
              }
            }
          }
      "
    `);
  });
});

describe('the query type inside an answer', () => {
  // the composition library at hand takes no field that leads back to Query, others do
  const sdl = supergraph.sdl.replace('size: Int!', 'query: Query @join__field(graph: CARTS) size: Int!');
  const nested = plannerOf(readSupergraph(sdl));

  it('is asked of any subgraph once the answer is there', () => {
    expect(nested.plan('mutation { clear { query { orders cart { size } } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 carts
          mutation {
            clear {
              query {
                cart {
                  size
                }
              }
            }
          }
      wave 2
        #1 orders, after #0
          {
            orders
          }
      "
    `);
  });

  it('is asked of the subgraph that answered in the same request, where that has it', () => {
    expect(nested.plan('{ cart { query { cart { size } } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 carts
          {
            cart {
              query {
                cart {
                  size
                }
              }
            }
          }
      "
    `);
  });
});
