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
