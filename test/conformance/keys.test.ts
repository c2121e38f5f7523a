import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';
import { asked } from './asked.ts';

/** https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/entities/intro */
describe('@key', () => {
  const users = {
    typeDefs: `
      type Query { me: User users: [User!]! }
      type User @key(fields: "id") { id: ID! name: String }`,
    resolvers: {
      Query: {
        me: () => ({ id: '1', name: 'Ada' }),
        users: () => [
          { id: '1', name: 'Ada' },
          { id: '2', name: 'Bo' },
        ],
      },
    },
  };

  it('joins an entity over a single key; the key itself is fetched but not shown', async () => {
    const ages = {
      typeDefs: 'type User @key(fields: "id") { id: ID! age: Int }',
      resolvers: { User: { age: ({ id }: { id: string }) => 30 + Number(id) } },
    };
    const world = createWorld({ subgraphs: { users, ages } });
    const { dataText, requests } = await world.query('{ users { name age } }');
    expect(dataText).toBe('{"users":[{"name":"Ada","age":31},{"name":"Bo","age":32}]}');
    expect(asked(requests)).toEqual(['users', 'ages']);
    expect(requests[1]?.variables).toEqual({
      representations: [
        { __typename: 'User', id: '1' },
        { __typename: 'User', id: '2' },
      ],
    });
  });

  it('asks for an entity that occurs several times once', async () => {
    const posts = {
      typeDefs: `
        type Query { posts: [Post!]! }
        type Post { title: String author: User }
        type User @key(fields: "id", resolvable: false) { id: ID! }`,
      resolvers: {
        Query: {
          posts: () => ['x', 'y', 'z'].map((title, index) => ({ title, author: { id: index < 2 ? '1' : '2' } })),
        },
      },
    };
    const known = {
      ...users,
      resolvers: {
        ...users.resolvers,
        User: { __resolveReference: ({ id }: { id: string }) => ({ id, name: `name ${id}` }) },
      },
    };
    const world = createWorld({ subgraphs: { posts, users: known } });
    const { data, requests } = await world.query('{ posts { title author { name } } }');
    expect(data.posts.map((post: { author: { name: string } }) => post.author.name)).toEqual([
      'name 1',
      'name 1',
      'name 2',
    ]);
    expect(asked(requests)).toEqual(['posts', 'users']);
    expect(requests[1]?.variables.representations).toHaveLength(2);
  });

  it('needs no other subgraph for what the key already says', async () => {
    const ages = { typeDefs: 'type User @key(fields: "id") { id: ID! age: Int }' };
    const world = createWorld({ subgraphs: { users, ages } });
    const { data, requests } = await world.query('{ me { id } }');
    expect(data).toEqual({ me: { id: '1' } });
    expect(asked(requests)).toEqual(['users']);
  });

  it('joins over composite and nested keys', async () => {
    const orders = {
      typeDefs: `
        type Query { order: Order }
        type Order @key(fields: "number shop { code }") { number: Int! shop: Shop! }
        type Shop @shareable { code: String! }`,
      resolvers: { Query: { order: () => ({ number: 7, shop: { code: 'north' } }) } },
    };
    const totals = {
      typeDefs: `
        type Order @key(fields: "number shop { code }") { number: Int! shop: Shop! total: String }
        type Shop @shareable { code: String! }`,
      resolvers: {
        Order: { total: (order: { number: number; shop: { code: string } }) => `${order.shop.code}-${order.number}` },
      },
    };
    const world = createWorld({ subgraphs: { orders, totals } });
    const { data, requests } = await world.query('{ order { total } }');
    expect(data).toEqual({ order: { total: 'north-7' } });
    expect(requests[1]?.variables.representations).toEqual([
      { __typename: 'Order', number: 7, shop: { code: 'north' } },
    ]);
  });

  it('goes over a subgraph that knows both keys when the first and the last share none', async () => {
    const byId = {
      typeDefs: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! }',
      resolvers: { Query: { product: () => ({ id: '1' }) } },
    };
    const both = {
      typeDefs: 'type Product @key(fields: "id") @key(fields: "upc") { id: ID! upc: String! }',
      resolvers: { Product: { upc: ({ id }: { id: string }) => `upc${id}` } },
    };
    const byUpc = {
      typeDefs: 'type Product @key(fields: "upc") { upc: String! price: Int }',
      resolvers: { Product: { price: ({ upc }: { upc: string }) => upc.length } },
    };
    const world = createWorld({ subgraphs: { byId, both, byUpc } });
    const { data, requests } = await world.query('{ product { price } }');
    expect(data).toEqual({ product: { price: 4 } });
    expect(asked(requests)).toEqual(['byId', 'both', 'byUpc']);
  });

  it('does not look up an entity where its key is not resolvable', async () => {
    const stub = {
      typeDefs: 'type Query { owner: User } type User @key(fields: "id", resolvable: false) { id: ID! }',
      resolvers: { Query: { owner: () => ({ id: '1' }) } },
    };
    const known = {
      ...users,
      resolvers: { ...users.resolvers, User: { __resolveReference: () => ({ id: '1', name: 'Ada' }) } },
    };
    const world = createWorld({ subgraphs: { stub, users: known } });
    const { data, requests } = await world.query('{ owner { name } me { id name } }');
    expect(data).toEqual({ owner: { name: 'Ada' }, me: { id: '1', name: 'Ada' } });
    expect(asked(requests).filter((name) => name === 'stub')).toHaveLength(1);
  });
});
