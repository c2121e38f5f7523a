import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';
import { asked } from './asked.ts';

const users = {
  typeDefs: 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String @shareable age: Int }',
  resolvers: {
    Query: { me: () => ({ id: '1', name: 'Ada', age: 36 }) },
    User: { __resolveReference: ({ id }: { id: string }) => ({ id, name: `user ${id}`, age: 36 }) },
  },
};

/** https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives#provides */
describe('@provides', () => {
  const reviews = {
    typeDefs: `
      type Query { review: Review other: Review }
      type Review { author: User @provides(fields: "name") critic: User }
      type User @key(fields: "id") { id: ID! name: String @external }`,
    resolvers: {
      Query: { review: () => ({ author: { id: '2', name: 'provided' }, critic: { id: '3' } }) },
    },
  };

  it('spares the look-up on the path that provides the field', async () => {
    const world = createWorld({ subgraphs: { users, reviews } });
    const { data, requests } = await world.query('{ review { author { name } } }');
    expect(data).toEqual({ review: { author: { name: 'provided' } } });
    expect(asked(requests)).toEqual(['reviews']);
  });

  it('still looks up what is not provided, and on other paths', async () => {
    const world = createWorld({ subgraphs: { users, reviews } });
    const { data, requests } = await world.query('{ review { author { name age } critic { name } } }');
    expect(data).toEqual({ review: { author: { name: 'provided', age: 36 }, critic: { name: 'user 3' } } });
    expect(asked(requests)).toEqual(['reviews', 'users']);
  });
});

/** https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives#override */
describe('@override', () => {
  it('takes the field from its new home, even where the old one could answer at once', async () => {
    const moved = {
      typeDefs: 'type User @key(fields: "id") { id: ID! age: Int @override(from: "users") }',
      resolvers: { User: { age: () => 99 } },
    };
    const world = createWorld({ subgraphs: { users, moved } });
    const { data, requests } = await world.query('{ me { name age } }');
    expect(data).toEqual({ me: { name: 'Ada', age: 99 } });
    expect(asked(requests)).toEqual(['users', 'moved']);
    expect(requests[0]?.query).not.toContain('age');
  });
});
