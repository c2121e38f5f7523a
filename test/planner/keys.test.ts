import { describe, expect, it } from 'vitest';
import { planner } from './plan.ts';

describe('one subgraph', () => {
  const { plan } = planner({
    users: 'type Query { me: User users(first: Int = 3): [User!]! } type User { id: ID! name(upper: Boolean): String }',
  });

  it('is asked once, for no more than the client asked for', () => {
    expect(plan('query ($n: Int) { me { name } users(first: $n) { id } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          query ($n: Int) {
            me {
              name
            }
            users(first: $n) {
              id
            }
          }
      "
    `);
  });

  it('is not asked where nothing is needed from it', () => {
    expect(plan('{ __typename }')).toMatchInlineSnapshot(`
      "no request: the gateway resolves this itself
      "
    `);
    expect(plan('{ __schema { types { name } } }')).toMatchInlineSnapshot(`
      "no request: the gateway resolves this itself
      "
    `);
  });
});

describe('root fields of several subgraphs', () => {
  const { plan } = planner({
    users: 'type Query { me: String now: String @shareable }',
    orders: 'type Query { lastOrder: String now: String @shareable }',
  });

  it('are asked side by side', () => {
    expect(plan('{ me lastOrder }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            me
          }
        #1 orders
          {
            lastOrder
          }
      "
    `);
  });

  it('share a subgraph that is asked anyway', () => {
    expect(plan('{ now lastOrder }')).toMatchInlineSnapshot(`
      "wave 1
        #0 orders
          {
            lastOrder
            now
          }
      "
    `);
  });
});

describe('a key', () => {
  const { plan } = planner({
    products: 'type Query { topProducts: [Product!]! } type Product @key(fields: "upc") { upc: ID! name: String! }',
    reviews: `
      type Product @key(fields: "upc") { upc: ID! reviews: [Review!]! }
      type Review @key(fields: "id") { id: ID! body: String! product: Product! author: User! }
      type User @key(fields: "id") { id: ID! }
    `,
    users: 'type User @key(fields: "id") { id: ID! name: String! email: String! }',
  });

  it('leads to the subgraph that has the rest', () => {
    expect(plan('{ topProducts { name reviews { body } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            topProducts {
              name
              upc
            }
          }
      wave 2
        #1 reviews, after #0
          Product { upc } at topProducts
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                reviews {
                  body
                }
              }
            }
          }
      "
    `);
  });

  it('that the client asks for too is read once', () => {
    expect(plan('{ topProducts { code: upc reviews { id } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            topProducts {
              code: upc
            }
          }
      wave 2
        #1 reviews, after #0
          Product { upc ← code } at topProducts
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                reviews {
                  id
                }
              }
            }
          }
      "
    `);
  });

  it('is enough where only the key is asked for', () => {
    expect(plan('{ topProducts { reviews { author { id } product { upc } } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            topProducts {
              upc
            }
          }
      wave 2
        #1 reviews, after #0
          Product { upc } at topProducts
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                reviews {
                  author {
                    id
                  }
                  product {
                    upc
                  }
                }
              }
            }
          }
      "
    `);
  });

  it('leads on from what another key brought', () => {
    expect(plan('{ topProducts { reviews { body author { name email } } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            topProducts {
              upc
            }
          }
      wave 2
        #1 reviews, after #0
          Product { upc } at topProducts
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                reviews {
                  body
                  author {
                    id
                  }
                }
              }
            }
          }
      wave 3
        #2 users, after #1
          User { id } at topProducts.reviews.author
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                name
                email
              }
            }
          }
      "
    `);
  });
});

describe('a key that no subgraph nearby shares', () => {
  const { plan } = planner({
    search: 'type Query { find: [Book!]! } type Book @key(fields: "isbn") { isbn: ID! }',
    catalog: 'type Book @key(fields: "isbn") @key(fields: "id") { isbn: ID! id: ID! title: String! }',
    stock: 'type Book @key(fields: "id") { id: ID! copies: Int! }',
  });

  it('is fetched from a subgraph in between', () => {
    expect(plan('{ find { copies } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 search
          {
            find {
              isbn
            }
          }
      wave 2
        #1 catalog, after #0
          Book { isbn } at find
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Book {
                id
              }
            }
          }
      wave 3
        #2 stock, after #0 #1
          Book { id } at find
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Book {
                copies
              }
            }
          }
      "
    `);
  });

  it('comes along with what is asked of the subgraph in between', () => {
    expect(plan('{ find { copies title } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 search
          {
            find {
              isbn
            }
          }
      wave 2
        #1 catalog, after #0
          Book { isbn } at find
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Book {
                id
                title
              }
            }
          }
      wave 3
        #2 stock, after #0 #1
          Book { id } at find
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Book {
                copies
              }
            }
          }
      "
    `);
  });
});

describe('composite and nested keys', () => {
  const { plan } = planner({
    orders: `
      type Query { parcels: [Parcel!]! }
      type Parcel @key(fields: "number order { id customer { id } }") { number: Int! order: Order! }
      type Order @key(fields: "id") { id: ID! customer: Customer! total: Int! }
      type Customer @key(fields: "id") { id: ID! }
    `,
    tracking: `
      type Parcel @key(fields: "number order { id customer { id } }") { number: Int! order: Order! events: [String!]! }
      type Order @key(fields: "id", resolvable: false) { id: ID! customer: Customer! @external }
      type Customer @key(fields: "id", resolvable: false) { id: ID! }
    `,
  });

  it('are read with the object and sent as they are', () => {
    expect(plan('{ parcels { events } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 orders
          {
            parcels {
              number
              order {
                id
                customer {
                  id
                }
              }
            }
          }
      wave 2
        #1 tracking, after #0
          Parcel { number order { id customer { id } } } at parcels
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Parcel {
                events
              }
            }
          }
      "
    `);
  });

  it('share what the client reads of the same objects', () => {
    expect(plan('{ parcels { events order { total id } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 orders
          {
            parcels {
              number
              order {
                id
                customer {
                  id
                }
                total
              }
            }
          }
      wave 2
        #1 tracking, after #0
          Parcel { number order { id customer { id } } } at parcels
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Parcel {
                events
              }
            }
          }
      "
    `);
  });
});

describe('keys that differ only in part', () => {
  const { plan } = planner({
    shop: 'type Query { item: Item } type Item @key(fields: "sku region") { sku: ID! region: String! }',
    prices: 'type Item @key(fields: "sku region") { sku: ID! region: String! price: Int! }',
    photos: 'type Item @key(fields: "sku") { sku: ID! photo: String! }',
  });

  it('are sent each as its subgraph wants it', () => {
    expect(plan('{ item { price photo } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 shop
          {
            item {
              sku
              region
            }
          }
      wave 2
        #1 prices, after #0
          Item { sku region } at item
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Item {
                price
              }
            }
          }
        #2 photos, after #0
          Item { sku } at item
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Item {
                photo
              }
            }
          }
      "
    `);
  });
});

describe('a key that is not resolvable', () => {
  const { plan } = planner({
    orders: `
      type Query { order: Order }
      type Order { id: ID! product: Product! }
      type Product @key(fields: "id", resolvable: false) { id: ID! }
    `,
    products: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! name: String! }',
  });

  it('leads out of its subgraph', () => {
    expect(plan('{ order { product { name } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 orders
          {
            order {
              product {
                id
              }
            }
          }
      wave 2
        #1 products, after #0
          Product { id } at order.product
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
});
