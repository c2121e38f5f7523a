import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { warmUpQueries } from '../../src/pipeline/warm-up-queries.ts';

describe('queries made up from a schema', () => {
  const schema = buildSchema(/* GraphQL */ `
    type Query { me: User search(text: String!): [Found] all: [Found!]! version: String }
    type User { id: ID! name: String friend: User posts(first: Int!): [Post] latest: Post }
    type Post { title: String author: User }
    union Found = User | Post
  `);

  it('go some levels down, by fields that need no arguments', () => {
    expect([...warmUpQueries(schema, 2)]).toMatchInlineSnapshot(`
      [
        "{ r0: me { id name friend { id name friend { id name friend { id name } } } latest { title author { id name friend { id name } } } } r1: all { ... on User { id name friend { id name friend { id name } } } } }",
        "{ r1: all { ... on Post { title author { name id latest { title } } } } r2: me { name id latest { title author { name id latest { title } } } friend { name id latest { title author { name id } } } } }",
      ]
    `);
  });

  it('are valid, however many', () => {
    for (const query of warmUpQueries(schema, 20)) expect(validate(schema, parse(query))).toEqual([]);
  });

  it('are none where there is nothing to plan', () => {
    expect([
      ...warmUpQueries(buildSchema('type Query { version: String user(id: ID!): U } type U { id: ID }'), 5),
    ]).toEqual([]);
  });
});
