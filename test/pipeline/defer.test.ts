import { describe, expect, it } from 'vitest';
import { mergeMessages, messagesOf } from '../worlds/incremental.ts';
import { createWorld } from '../worlds/world.ts';

/** Users whose reviews and orders are in other subgraphs. */
const world = () =>
  createWorld({
    subgraphs: {
      users: {
        typeDefs: `type Query { me: User users: [User!]! } type Mutation { rename(name: String!): User }
          type User @key(fields: "id") { id: ID! name: String friend: User address: Address } type Address { city: String street: String }`,
        resolvers: {
          Query: { me: () => user('1'), users: () => [user('1'), user('2')] },
          Mutation: { rename: (_: unknown, { name }: { name: string }) => ({ ...user('1'), name }) },
        },
      },
      reviews: {
        typeDefs: `type User @key(fields: "id") { id: ID! reviews: [Review!]! rating: Int! }
          type Review @key(fields: "id") { id: ID! body: String }`,
        resolvers: {
          User: {
            __resolveReference: ({ id }: { id: string }) => ({
              id,
              reviews: [{ id: `${id}a`, body: `of ${id}` }],
              rating: id === '2' ? null : 5,
            }),
          },
        },
      },
      orders: {
        typeDefs:
          'type User @key(fields: "id") { id: ID! orders: [String!] } type Review @key(fields: "id") { id: ID! likes: Int }',
        resolvers: {
          User: { __resolveReference: ({ id }: { id: string }) => ({ id, orders: [`order of ${id}`] }) },
          Review: { __resolveReference: ({ id }: { id: string }) => ({ id, likes: 3 }) },
        },
      },
    },
  });

const user = (id: string) => ({
  id,
  name: `name ${id}`,
  friend: { id: `${id}f`, name: 'friend' },
  address: { city: 'Bern', street: 'Hauptgasse' },
});

describe('@defer', () => {
  it('sends a fragment of another subgraph after the rest', async () => {
    const query = '{ me { name ... @defer(label: "slow") { reviews { body } } } }';
    expect(await messagesOf(world(), query)).toEqual([
      { data: { me: { name: 'name 1' } }, pending: [{ id: '0', path: ['me'], label: 'slow' }], hasNext: true },
      { incremental: [{ id: '0', data: { reviews: [{ body: 'of 1' }] } }], completed: [{ id: '0' }], hasNext: false },
    ]);
    expect(await messagesOf(world(), query, { protocol: '20220824' })).toEqual([
      { data: { me: { name: 'name 1' } }, hasNext: true },
      { incremental: [{ data: { reviews: [{ body: 'of 1' }] }, path: ['me'], label: 'slow' }], hasNext: false },
    ]);
  });
});
