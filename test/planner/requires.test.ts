import { describe, expect, it } from 'vitest';
import { planner } from './plan.ts';

const products = `
  type Query { product: Product products: [Product!]! }
  type Product @key(fields: "id") {
    id: ID!
    name: String!
    price(currency: String = "EUR"): Int!
    weight: Int!
    size: Size!
    maker: Maker!
  }
  type Size { width: Int! height: Int! depth: Int! }
  type Maker @key(fields: "id") { id: ID! }
`;

describe('@requires', () => {
  const { plan } = planner({
    products,
    shipping: `
      type Product @key(fields: "id") {
        id: ID!
        weight: Int! @external
        size: Size! @external
        parcel: String! @requires(fields: "weight")
        box: String! @requires(fields: "size { width height }")
        label: String!
      }
      type Size { width: Int! @external height: Int! @external }
    `,
  });

  it('sends what it needs with the key', () => {
    expect(plan('{ product { parcel } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            product {
              id
              weight
            }
          }
      wave 2
        #1 shipping, after #0
          Product { id weight } at product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                parcel
              }
            }
          }
      "
    `);
  });

  it('joins a look-up of the same objects that needs nothing more', () => {
    expect(plan('{ product { label parcel } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            product {
              id
              weight
            }
          }
      wave 2
        #1 shipping, after #0
          Product { id weight } at product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                label
                parcel
              }
            }
          }
      "
    `);
  });

  it('sends no more of a nested object than it needs, whatever the client reads of it', () => {
    expect(plan('{ product { box size { width depth } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            product {
              size {
                width
                height
                depth
              }
              id
            }
          }
      wave 2
        #1 shipping, after #0
          Product { id size { width height } } at product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                box
              }
            }
          }
      "
    `);
  });
});

describe('@requires across several subgraphs', () => {
  const { plan } = planner({
    products,
    makers: 'type Maker @key(fields: "id") { id: ID! country: String! }',
    taxes: `
      type Product @key(fields: "id") { id: ID! maker: Maker! @external tax: Int! @requires(fields: "maker { country }") }
      type Maker @key(fields: "id", resolvable: false) { id: ID! country: String! @external }
    `,
    offers: `
      type Product @key(fields: "id") { id: ID! tax: Int! @external total: Int! @requires(fields: "tax") }
    `,
  });

  it('waits for the hop that the nested field takes', () => {
    expect(plan('{ product { tax } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            product {
              id
              maker {
                id
              }
            }
          }
      wave 2
        #1 makers, after #0
          Maker { id } at product.maker
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Maker {
                country
              }
            }
          }
      wave 3
        #2 taxes, after #0 #1
          Product { id maker { country } } at product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                tax
              }
            }
          }
      "
    `);
  });

  it('waits for what the required field requires itself', () => {
    expect(plan('{ product { total } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            product {
              id
              maker {
                id
              }
            }
          }
      wave 2
        #1 makers, after #0
          Maker { id } at product.maker
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Maker {
                country
              }
            }
          }
      wave 3
        #2 taxes, after #0 #1
          Product { id maker { country } } at product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                tax
              }
            }
          }
      wave 4
        #3 offers, after #0 #2
          Product { id tax } at product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                total
              }
            }
          }
      "
    `);
  });
});

describe('@requires with arguments', () => {
  const { plan } = planner({
    products,
    customs: `
      type Product @key(fields: "id") {
        id: ID!
        price(currency: String): Int! @external
        duty: Int! @requires(fields: "price(currency: \\"USD\\")")
        insurance: Int! @requires(fields: "price(currency: \\"CHF\\")")
      }
    `,
  });

  it('reads the field a second time where the client reads it with other arguments', () => {
    expect(plan('{ product { price duty } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            product {
              price
              id
              price_1: price(currency: "USD")
            }
          }
      wave 2
        #1 customs, after #0
          Product { id price ← price_1 } at product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                duty
              }
            }
          }
      "
    `);
  });

  it('reads it once where the client has the same arguments under another name', () => {
    expect(plan('{ product { dollars: price(currency: "USD") duty } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            product {
              dollars: price(currency: "USD")
              id
            }
          }
      wave 2
        #1 customs, after #0
          Product { id price ← dollars } at product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                duty
              }
            }
          }
      "
    `);
  });

  it('keeps two requirements of one name apart', () => {
    expect(plan('{ product { duty insurance } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 products
          {
            product {
              id
              price(currency: "USD")
              price_1: price(currency: "CHF")
            }
          }
      wave 2
        #1 customs, after #0
          e0: Product { id price } at product
          e1: Product { id price ← price_1 } at product
          query ($r0: [_Any!]!, $r1: [_Any!]!) {
            e0: _entities(representations: $r0) {
              ... on Product {
                duty
              }
            }
            e1: _entities(representations: $r1) {
              ... on Product {
                insurance
              }
            }
          }
      "
    `);
  });
});

describe('@requires on what the subgraph itself returns', () => {
  const { plan } = planner({
    products,
    stock: `
      type Query { scarce: [Product!]! }
      type Product @key(fields: "id") { id: ID! weight: Int! @external worth: Int! @requires(fields: "weight") }
    `,
  });

  it('goes out for the input and back', () => {
    expect(plan('{ scarce { worth } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 stock
          {
            scarce {
              id
            }
          }
      wave 2
        #1 products, after #0
          Product { id } at scarce
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                weight
              }
            }
          }
      wave 3
        #2 stock, after #0 #1
          Product { id weight } at scarce
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                worth
              }
            }
          }
      "
    `);
  });
});

describe('@requires through an interface', () => {
  const { plan } = planner({
    catalog: `
      type Query { shelf: Shelf }
      type Shelf @key(fields: "id") { id: ID! best: Medium! }
      interface Medium { title: String! }
      type Book implements Medium { title: String! pages: Int! }
      type Film implements Medium { title: String! minutes: Int! }
    `,
    labels: `
      type Shelf @key(fields: "id") {
        id: ID!
        best: Medium! @external
        label: String! @requires(fields: "best { title ... on Book { pages } }")
      }
      interface Medium { title: String! @external }
      type Book implements Medium { title: String! @external pages: Int! @external }
      type Film implements Medium { title: String! @external }
    `,
  });

  it('sends what there is of each type', () => {
    expect(plan('{ shelf { label } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 catalog
          {
            shelf {
              id
              best {
                __typename
                title
                ... on Book {
                  pages
                }
              }
            }
          }
      wave 2
        #1 labels, after #0
          Shelf { id best { __typename title ... on Book { pages } } } at shelf
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Shelf {
                label
              }
            }
          }
      "
    `);
  });
});
