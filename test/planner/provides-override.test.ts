import { describe, expect, it } from 'vitest';
import { planner } from './plan.ts';

describe('@provides', () => {
  const { plan } = planner({
    users: 'type User @key(fields: "id") { id: ID! name: String! email: String! boss: User }',
    reviews: `
      type Query { latest: [Review!]! oldest: [Review!]! }
      type Review { body: String! author: User! @provides(fields: "name boss { name }") editor: User! }
      type User @key(fields: "id") { id: ID! name: String! @external boss: User @external }
    `,
  });

  it('saves the hop on the path where it stands', () => {
    expect(plan('{ latest { author { name boss { name } } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 reviews
          {
            latest {
              author {
                name
                boss {
                  name
                }
              }
            }
          }
      "
    `);
  });

  it('says nothing of the same type on other paths', () => {
    expect(plan('{ latest { editor { name } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 reviews
          {
            latest {
              editor {
                id
              }
            }
          }
      wave 2
        #1 users, after #0
          User { id } at latest.editor
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                name
              }
            }
          }
      "
    `);
  });

  it('is used for what it has when a hop is needed all the same', () => {
    expect(plan('{ latest { author { name email } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 reviews
          {
            latest {
              author {
                name
                id
              }
            }
          }
      wave 2
        #1 users, after #0
          User { id } at latest.author
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                email
              }
            }
          }
      "
    `);
  });
});

describe('@override', () => {
  const { plan } = planner({
    old: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! name: String! price: Int! }',
    prices: 'type Product @key(fields: "id") { id: ID! price: Int! @override(from: "old") }',
  });

  it('takes the field away from the subgraph that had it', () => {
    expect(plan('{ product { name price } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 old
          {
            product {
              name
              id
            }
          }
      wave 2
        #1 prices, after #0
          Product { id } at product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                price
              }
            }
          }
      "
    `);
  });
});

describe('@override with a label', () => {
  const subgraphs = {
    old: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! price: Int! }',
    prices: 'type Product @key(fields: "id") { id: ID! price: Int! @override(from: "old", label: "move-prices") }',
  };

  it('does nothing while the label is off', () => {
    expect(planner(subgraphs).plan('{ product { price } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 old
          {
            product {
              price
            }
          }
      "
    `);
  });

  it('moves the field while the label is on', () => {
    const { plan } = planner(subgraphs, new Set(['move-prices']));
    expect(plan('{ product { price } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 old
          {
            product {
              id
            }
          }
      wave 2
        #1 prices, after #0
          Product { id } at product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                price
              }
            }
          }
      "
    `);
  });
});

describe('@shareable value types', () => {
  const { plan } = planner({
    users: `
      type Query { me: User @shareable }
      type User @key(fields: "id") { id: ID! address: Address! @shareable }
      type Address { street: String! @shareable city: String! }
    `,
    geo: `
      type User @key(fields: "id") { id: ID! address: Address! @shareable }
      type Address { street: String! @shareable country: String! }
    `,
  });

  it('come from one subgraph where that has all that is asked for', () => {
    expect(plan('{ me { address { street country } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            me {
              id
            }
          }
      wave 2
        #1 geo, after #0
          User { id } at me
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                address {
                  street
                  country
                }
              }
            }
          }
      "
    `);
  });

  it('are put together from two where no one has it all: the parent is asked in both', () => {
    expect(plan('{ me { address { street city country } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            me {
              address {
                street
                city
              }
              id
            }
          }
      wave 2
        #1 geo, after #0
          User { id } at me
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                address {
                  country
                }
              }
            }
          }
      "
    `);
  });
});

describe('a value type below the query type', () => {
  const { plan } = planner({
    a: 'type Query { settings: Settings! @shareable } type Settings { theme: String! }',
    b: 'type Query { settings: Settings! @shareable } type Settings { language: String! }',
  });

  it('is asked for in both at once', () => {
    expect(plan('{ settings { theme language } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 a
          {
            settings {
              theme
            }
          }
        #1 b
          {
            settings {
              language
            }
          }
      "
    `);
  });
});
