import { describe, expect, it } from 'vitest';
import { planner } from './plan.ts';

describe('aliases', () => {
  const { plan } = planner({
    users: `
      type Query { me: User user(id: ID!): User }
      type User @key(fields: "id") { id: ID! name: String! avatar(size: Int = 64): String! friends: [User!]! }
    `,
    posts: 'type User @key(fields: "id") { id: ID! posts(first: Int): [String!]! }',
  });

  it('are sent as they are where the names would clash otherwise', () => {
    expect(plan('{ me { small: avatar large: avatar(size: 512) } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            me {
              small: avatar
              large: avatar(size: 512)
            }
          }
      "
    `);
  });

  it('are not sent where one name says it all', () => {
    expect(plan('{ me { nick: name name full: name } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            me {
              nick: name
            }
          }
      "
    `);
  });

  it('that take the name of a key make way for it', () => {
    expect(plan('{ me { id: name posts } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            me {
              id: name
              id_1: id
            }
          }
      wave 2
        #1 posts, after #0
          User { id ← id_1 } at me
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                posts
              }
            }
          }
      "
    `);
  });

  it('of what is looked up go with the look-up', () => {
    expect(plan('{ me { newest: posts(first: 1) all: posts } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            me {
              id
            }
          }
      wave 2
        #1 posts, after #0
          User { id } at me
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                newest: posts(first: 1)
                all: posts
              }
            }
          }
      "
    `);
  });

  it('of objects keep what is read of each apart', () => {
    expect(plan('{ a: user(id: 1) { name } b: user(id: 2) { posts } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            a: user(id: 1) {
              name
            }
            b: user(id: 2) {
              id
            }
          }
      wave 2
        #1 posts, after #0
          User { id } at b
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                posts
              }
            }
          }
      "
    `);
  });

  it('of the same objects are read apart, so that one is not null because of the other', () => {
    expect(plan('{ me { close: friends { name } friends { avatar } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            me {
              close: friends {
                name
              }
              friends {
                avatar
              }
            }
          }
      "
    `);
  });

  it('that begin like the specification’s own names are not sent', () => {
    expect(plan('{ me { __proto__: name } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            me {
              name_1: name
            }
          }
      "
    `);
  });
});

describe('types that agree for the client and differ in the subgraph', () => {
  const { plan } = planner({
    a: `
      type Query { animals: [Animal!]! }
      interface Animal { id: ID! }
      type Dog implements Animal @key(fields: "id") { id: ID! name: String! @shareable }
      type Cat implements Animal @key(fields: "id") { id: ID! name: String @shareable }
    `,
    b: 'type Dog @key(fields: "id") { id: ID! name: String @shareable }',
  });

  it('are kept apart by keys of our own', () => {
    expect(plan('{ animals { ... on Dog { name } ... on Cat { name } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 a
          {
            animals {
              __typename
              ... on Dog {
                name
              }
              ... on Cat {
                name_1: name
              }
            }
          }
      "
    `);
  });
});

describe('variables', () => {
  const { plan } = planner({
    users: 'type Query { user(id: ID!): User } type User @key(fields: "id") { id: ID! }',
    posts: `
      type User @key(fields: "id") { id: ID! posts(filter: Filter, first: Int = 10): [String!]! }
      input Filter { tag: String tags: [String!] }
    `,
  });

  it('go to the subgraphs that use them, with their defaults', () => {
    const query = `query ($id: ID!, $tag: String = "x", $n: Int = 5) {
      user(id: $id) { posts(filter: { tag: $tag, tags: ["a"] }, first: $n) }
    }`;
    expect(plan(query)).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          query ($id: ID!) {
            user(id: $id) {
              id
            }
          }
      wave 2
        #1 posts, after #0
          User { id } at user
          query ($representations: [_Any!]!, $tag: String = "x", $n: Int = 5) {
            _entities(representations: $representations) {
              ... on User {
                posts(filter: {tag: $tag, tags: ["a"]}, first: $n)
              }
            }
          }
      "
    `);
  });

  it('do not clash with those of the look-up', () => {
    expect(
      plan('query ($representations: Int) { user(id: 1) { posts(first: $representations) } }'),
    ).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            user(id: 1) {
              id
            }
          }
      wave 2
        #1 posts, after #0
          User { id } at user
          query ($_representations: [_Any!]!, $representations: Int) {
            _entities(representations: $_representations) {
              ... on User {
                posts(first: $representations)
              }
            }
          }
      "
    `);
  });
});
