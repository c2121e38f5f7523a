import { describe, expect, it } from 'vitest';
import { planner } from './plan.ts';

describe('@interfaceObject', () => {
  const { plan } = planner({
    media: `
      type Query { feed: [Medium!]! book: Book }
      interface Medium @key(fields: "id") { id: ID! title: String! }
      type Book implements Medium @key(fields: "id") { id: ID! title: String! pages: Int! }
      type Film implements Medium @key(fields: "id") { id: ID! title: String! }
    `,
    reviews: `
      type Query { reviewed: [Medium!]! }
      type Medium @interfaceObject @key(fields: "id") { id: ID! stars: Int! }
    `,
  });

  it('is looked up by the interface for objects of any type', () => {
    expect(plan('{ feed { title stars } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 media
          {
            feed {
              __typename
              title
              id
            }
          }
      wave 2
        #1 reviews, after #0
          Medium { id } at feed
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Medium {
                stars
              }
            }
          }
      "
    `);
  });

  it('is looked up by the interface for an object of one type', () => {
    expect(plan('{ book { pages stars } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 media
          {
            book {
              pages
              id
            }
          }
      wave 2
        #1 reviews, after #0
          Medium { id } at book
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Medium {
                stars
              }
            }
          }
      "
    `);
  });

  it('leads back to the subgraph that knows the types', () => {
    expect(plan('{ reviewed { stars title } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 reviews
          {
            reviewed {
              stars
              id
            }
          }
      wave 2
        #1 media, after #0
          Medium { id } at reviewed
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Medium {
                title
              }
            }
          }
      "
    `);
  });

  it('asks that subgraph for `__typename` too', () => {
    expect(plan('{ reviewed { __typename stars } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 reviews
          {
            reviewed {
              id
              stars
            }
          }
      wave 2
        #1 media, after #0
          Medium { id } at reviewed
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Medium {
                __typename
              }
            }
          }
      "
    `);
  });

  it('asks nobody for it where the type does not matter', () => {
    expect(plan('{ reviewed { id stars } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 reviews
          {
            reviewed {
              id
              stars
            }
          }
      "
    `);
  });

  it('learns the type before it narrows', () => {
    expect(plan('{ reviewed { stars ... on Book { pages } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 reviews
          {
            reviewed {
              id
              stars
            }
          }
      wave 2
        #1 media, after #0
          Medium { id } at reviewed
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Medium {
                __typename
                ... on Book {
                  pages
                }
              }
            }
          }
      "
    `);
  });
});

it('a required field that is looked up for each type of an interface is waited for on all of them', () => {
  const { stages } = planner({
    shelves: `
      type Query { shelf: Shelf }
      type Shelf @key(fields: "id") { id: ID! top: Rated }
      interface Rated @key(fields: "id") { id: ID! }
      type Book implements Rated @key(fields: "id") { id: ID! }
      type Film implements Rated @key(fields: "id") { id: ID! }
    `,
    codes: `
      interface Rated @key(fields: "code") @key(fields: "id") { id: ID! code: ID! }
      type Book implements Rated @key(fields: "id") @key(fields: "code") { id: ID! code: ID! }
      type Film implements Rated @key(fields: "id") @key(fields: "code") { id: ID! code: ID! }
    `,
    films: 'type Film @key(fields: "id") { id: ID! code: ID! @override(from: "codes") }',
    ratings: 'type Rated @key(fields: "code") @interfaceObject { code: ID! rating: Int! }',
    costs: `
      type Shelf @key(fields: "id") { id: ID! top: Rated @external cost: Int @requires(fields: "top { rating }") }
      interface Rated @key(fields: "id") { id: ID! rating: Int! }
      type Book implements Rated @key(fields: "id") { id: ID! rating: Int! @external }
      type Film implements Rated @key(fields: "id") { id: ID! rating: Int! @external }
    `,
  });
  const { fetches } = stages('{ shelf { cost } }').fetches;
  const costs = fetches.filter(({ subgraph }) => subgraph.name === 'costs');
  const needed = costs.map(({ dependsOn }) => [...dependsOn].map((one) => `${one.subgraph.name} ${one.condition}`));
  expect(needed).toMatchInlineSnapshot(`
    [
      [
        "shelves Query",
        "ratings Book",
        "ratings Film",
      ],
    ]
  `);
});
