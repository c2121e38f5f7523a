import { describe, expect, it } from 'vitest';
import { planner, size } from './plan.ts';

const shop = planner({
  products: `
    type Query { topProducts: [Product!]! }
    type Product @key(fields: "upc") { upc: ID! name: String! price: Int! }
  `,
  reviews: `
    type Query { latest: [Review!]! }
    type Product @key(fields: "upc") { upc: ID! reviews: [Review!]! }
    type Review { body: String! product: Product! author: User! }
    type User @key(fields: "id") { id: ID! reviews: [Review!]! }
  `,
  users: 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String! }',
  inventory: 'type Product @key(fields: "upc") { upc: ID! inStock: Boolean! }',
});

describe('look-ups in one subgraph at the same time', () => {
  it('that read the same are one `_entities` for objects at several paths', () => {
    const query = '{ topProducts { inStock } latest { product { inStock } } }';
    expect(shop.plan(query)).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            topProducts {
              upc
            }
          }
        #1 reviews
          {
            latest {
              product {
                upc
              }
            }
          }
      wave 2
        #2 inventory, after #0 #1
          Product { upc } at topProducts, latest.product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                inStock
              }
            }
          }
      "
    `);
  });

  it('that read different fields stand side by side in one request', () => {
    const query = '{ me { reviews { body } } topProducts { reviews { author { id } } } }';
    expect(shop.plan(query)).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            me {
              id
            }
          }
        #1 products
          {
            topProducts {
              upc
            }
          }
      wave 2
        #2 reviews, after #0 #1
          e0: User { id } at me
          e1: Product { upc } at topProducts
          query ($r0: [_Any!]!, $r1: [_Any!]!) {
            e0: _entities(representations: $r0) {
              ... on User {
                reviews {
                  body
                }
              }
            }
            e1: _entities(representations: $r1) {
              ... on Product {
                reviews {
                  author {
                    id
                  }
                }
              }
            }
          }
      "
    `);
  });
});

describe('a look-up that nothing waits for', () => {
  it('sinks to a later wave in which its subgraph is asked anyway', () => {
    const query =
      '{ topProducts { inStock reviews { product { name inStock } } } latest { product { inStock } } me { reviews { product { inStock } } } }';
    expect(shop.plan(query)).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            topProducts {
              upc
            }
          }
        #1 reviews
          {
            latest {
              product {
                upc
              }
            }
          }
        #2 users
          {
            me {
              id
            }
          }
      wave 2
        #3 reviews, after #0 #2
          e0: Product { upc } at topProducts
          e1: User { id } at me
          query ($r0: [_Any!]!, $r1: [_Any!]!) {
            e0: _entities(representations: $r0) {
              ... on Product {
                reviews {
                  product {
                    upc
                  }
                }
              }
            }
            e1: _entities(representations: $r1) {
              ... on User {
                reviews {
                  product {
                    upc
                  }
                }
              }
            }
          }
      wave 3
        #4 inventory, after #0 #1 #3
          Product { upc } at topProducts, topProducts.reviews.product, latest.product, me.reviews.product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                inStock
              }
            }
          }
        #5 products, after #3
          Product { upc } at topProducts.reviews.product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                name
              }
            }
          }
      "
    `);
  });

  it('stays where it is when others wait for it', () => {
    const query = '{ me { reviews { product { reviews { author { reviews { body } } } } } } }';
    expect(size(shop.stages(query).plan)).toEqual([2, 2]);
  });
});

describe('look-ups that need each other in turn', () => {
  const { plan } = planner({
    a: 'type Query { x: X } type X @key(fields: "id") { id: ID! one: String! three: String! @requires(fields: "two") two: String! @external }',
    b: 'type X @key(fields: "id") { id: ID! one: String! @external two: String! @requires(fields: "one") }',
  });

  it('go back and forth', () => {
    expect(plan('{ x { three } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 a
          {
            x {
              id
              one
            }
          }
      wave 2
        #1 b, after #0
          X { id one } at x
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on X {
                two
              }
            }
          }
      wave 3
        #2 a, after #0 #1
          X { id two } at x
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on X {
                three
              }
            }
          }
      "
    `);
  });
});
