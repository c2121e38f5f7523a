import { describe, expect, it } from 'vitest';
import { planner } from './plan.ts';

describe('an interface that one subgraph knows whole', () => {
  const { plan } = planner({
    media: `
      type Query { feed: [Medium!]! }
      interface Medium { id: ID! title: String! }
      type Book implements Medium @key(fields: "id") { id: ID! title: String! pages: Int! }
      type Film implements Medium @key(fields: "id") { id: ID! title: String! minutes: Int! }
    `,
    ratings: `
      type Book @key(fields: "id") { id: ID! stars: Int! }
      type Film @key(fields: "id") { id: ID! stars: Int! }
    `,
  });

  it('is read as the interface', () => {
    expect(plan('{ feed { title ... on Book { pages } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 media
          {
            feed {
              __typename
              title
              ... on Book {
                pages
              }
            }
          }
      "
    `);
  });

  it('is looked up by its types, in one request', () => {
    expect(plan('{ feed { ... on Book { stars } ... on Film { stars } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 media
          {
            feed {
              __typename
              ... on Book {
                id
              }
              ... on Film {
                id
              }
            }
          }
      wave 2
        #1 ratings, after #0
          e0: Book { id } at feed (Book)
          e1: Film { id } at feed (Film)
          query ($r0: [_Any!]!, $r1: [_Any!]!) {
            e0: _entities(representations: $r0) {
              ... on Book {
                stars
              }
            }
            e1: _entities(representations: $r1) {
              ... on Film {
                stars
              }
            }
          }
      "
    `);
  });

  it('is not looked up for types that need nothing', () => {
    expect(plan('{ feed { title ... on Film { stars } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 media
          {
            feed {
              __typename
              title
              ... on Film {
                id
              }
            }
          }
      wave 2
        #1 ratings, after #0
          Film { id } at feed (Film)
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Film {
                stars
              }
            }
          }
      "
    `);
  });

  it('is distinguished from itself only by its type', () => {
    expect(plan('{ feed { __typename } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 media
          {
            feed {
              __typename
            }
          }
      "
    `);
  });
});

describe('an interface below which another subgraph is needed', () => {
  const types = ['Area', 'City', 'Street'];
  const { stages } = planner({
    places: `
      type Query { place: Place }
      interface Place { parent: Place owner: User }
      ${types.map((type) => `type ${type} implements Place { parent: Place owner: User }`).join('\n')}
      type User @key(fields: "id") { id: ID! }
    `,
    users: 'type User @key(fields: "id") { id: ID! name: String }',
  });

  it('is still read as the interface, however deep: the plan does not grow with the types', () => {
    const { plan } = stages('{ place { parent { parent { owner { name } } } } }');
    expect(plan.positionCount).toBe(5);
    expect(plan.requests[0]?.document).not.toContain('...on');
  });
});

describe('an interface whose field is elsewhere for some types', () => {
  const { plan } = planner({
    media: `
      type Query { feed: [Medium!]! }
      interface Medium { id: ID! }
      type Book implements Medium @key(fields: "id") { id: ID! title: String! @shareable }
      type Film implements Medium @key(fields: "id") { id: ID! }
    `,
    titles: `
      interface Medium { id: ID! title: String! }
      type Book implements Medium @key(fields: "id") { id: ID! title: String! @shareable }
      type Film implements Medium @key(fields: "id") { id: ID! title: String! }
    `,
  });

  it('is read type by type: here where it can be, there where it must', () => {
    expect(plan('{ feed { title } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 media
          {
            feed {
              __typename
              ... on Book {
                title
              }
              ... on Film {
                id
              }
            }
          }
      wave 2
        #1 titles, after #0
          Film { id } at feed (Film)
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Film {
                title
              }
            }
          }
      "
    `);
  });
});

describe('a union', () => {
  const { plan } = planner({
    search: `
      type Query { find: [Hit!]! }
      union Hit = Book | Author | Shop
      type Book @key(fields: "id") { id: ID! title: String! }
      type Author @key(fields: "id") { id: ID! name: String! }
      type Shop { street: String! }
    `,
    library: `
      type Book @key(fields: "id") { id: ID! copies: Int! }
      type Author @key(fields: "id") { id: ID! born: Int! books: [Book!]! }
    `,
  });

  it('narrows to its members, each looked up on its own', () => {
    expect(
      plan('{ find { ... on Book { title copies } ... on Author { born books { title } } ... on Shop { street } } }'),
    ).toMatchInlineSnapshot(`
      "wave 1
        #0 search
          {
            find {
              __typename
              ... on Book {
                title
                id
              }
              ... on Shop {
                street
              }
              ... on Author {
                id
              }
            }
          }
      wave 2
        #1 library, after #0
          e0: Book { id } at find (Book)
          e1: Author { id } at find (Author)
          query ($r0: [_Any!]!, $r1: [_Any!]!) {
            e0: _entities(representations: $r0) {
              ... on Book {
                copies
              }
            }
            e1: _entities(representations: $r1) {
              ... on Author {
                born
                books {
                  id
                }
              }
            }
          }
      wave 3
        #2 search, after #1
          Book { id } at find.[Author]books
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Book {
                title
              }
            }
          }
      "
    `);
  });

  it('drops a fragment on a type that cannot be there', () => {
    const { plan } = planner({
      pets: `
        type Query { pets: [Pet!]! }
        interface Named { name: String! }
        union Pet = Dog | Cat
        type Dog implements Named { name: String! }
        type Cat implements Named { name: String! }
        type Boat implements Named { name: String! }
      `,
    });
    expect(plan('{ pets { ... on Named { name ... on Boat { name } } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 pets
          {
            pets {
              __typename
              ... on Dog {
                name
              }
              ... on Cat {
                name
              }
            }
          }
      "
    `);
  });
});

describe('a union of which two subgraphs know different members', () => {
  const { plan } = planner({
    a: `
      type Query { item: Item @shareable }
      union Item = Book | Film
      type Book { title: String! @shareable }
      type Film { title: String! }
    `,
    b: `
      type Query { item: Item @shareable }
      union Item = Book | Song
      type Book { title: String! @shareable }
      type Song { title: String! }
    `,
  });

  it('holds only what both know', () => {
    const query = '{ item { ... on Book { title } ... on Film { title } ... on Song { title } } }';
    expect(plan(query)).toMatchInlineSnapshot(`
      "wave 1
        #0 a
          {
            item {
              __typename
              ... on Book {
                title
              }
            }
          }
      "
    `);
  });
});

describe('an interface below an interface', () => {
  const { plan } = planner({
    a: `
      type Query { nodes: [Node!]! }
      interface Node { id: ID! }
      interface Named implements Node { id: ID! name: String! }
      type User implements Node & Named @key(fields: "id") { id: ID! name: String! }
      type Team implements Node & Named @key(fields: "id") { id: ID! name: String! }
      type File implements Node { id: ID! path: String! }
    `,
    b: 'type User @key(fields: "id") { id: ID! mail: String! }',
  });

  it('narrows step by step', () => {
    expect(plan('{ nodes { id ... on Named { name ... on User { mail } } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 a
          {
            nodes {
              __typename
              id
              ... on Named {
                name
              }
              ... on User {
                id
              }
            }
          }
      wave 2
        #1 b, after #0
          User { id } at nodes (User)
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                mail
              }
            }
          }
      "
    `);
  });
});
