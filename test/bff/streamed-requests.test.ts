import { expect, test } from 'vitest';
import { httpWorld } from '../gateway/http-world.ts';
import { folderOf } from './support.ts';

const FILES = {
  'web/home.graphql': `query ($id: ID!) @endpoint(path: "/home/:id") {
    profile: user(id: $id) { name }
    recent: user(id: $id) @optional { orders { product { title } } }
    inbox: user(id: $id) @optional(timeout: "1m") @flatten { unread: news { title } }
    picks: user(id: $id) @optional(timeout: "1m") { orders { product { title } } }
  }`,
};

const byId = { __resolveReference: (reference: object) => reference };

/** Four services and the gateway before them, over HTTP. */
function shop() {
  return httpWorld(
    {
      users: {
        typeDefs: 'type Query { user(id: ID!): User } type User @key(fields: "id") { id: ID! name: String! }',
        resolvers: { Query: { user: (_: unknown, { id }: { id: string }) => ({ id, name: 'Ada' }) } },
      },
      orders: {
        typeDefs: `type User @key(fields: "id") { id: ID! orders: [Order!] }
          type Order { product: Product! }  type Product @key(fields: "id") { id: ID! }`,
        resolvers: { User: { ...byId, orders: () => [{ product: { id: 'p1' } }] } },
      },
      news: {
        typeDefs: 'type User @key(fields: "id") { id: ID! news: [News!] } type News { title: String! }',
        resolvers: { User: { ...byId, news: () => [{ title: 'Hello' }] } },
      },
      products: {
        typeDefs: 'type Product @key(fields: "id") { id: ID! title: String! }',
        resolvers: { Product: { ...byId, title: ({ id }: { id: string }) => `Lamp ${id}` } },
      },
    },
    { bffDir: folderOf(FILES) },
  );
}

test('a streamed dashboard asks each service once for what its sections have in common', async () => {
  const { server, calls } = await shop();
  const accept = 'text/event-stream';
  const response = await fetch(new URL('/bff/web/home/u1', server.url), { headers: { accept } });
  const events = (await response.text())
    .split('\n\n')
    .map((event) => event.replace(/^event: (.*)\ndata: (.*)\n.*$/s, '$1 $2'));
  const orders = '[{"product":{"title":"Lamp p1"}}]';
  expect(events[0]).toBe('answer {"profile":{"name":"Ada"}}');
  expect(events.slice(1).sort()).toEqual([
    '',
    'done {}',
    `section {"path":["picks"],"data":{"orders":${orders}}}`,
    `section {"path":["recent"],"data":{"orders":${orders}}}`,
    'section {"path":["unread"],"data":[{"title":"Hello"}]}',
  ]);
  // one execution for each section would ask for the user four times, and twice for orders and products
  expect(calls).toEqual({ users: 1, orders: 1, news: 1, products: 1 });
});
