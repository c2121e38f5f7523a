import { expect, test } from 'vitest';
import { bodyOf } from '../sources/fake-subgraph.ts';
import { httpWorld } from './http-world.ts';
import { latch, post } from './serving.ts';

const shop = {
  products: {
    typeDefs: `type Query { product: Product } type Product @key(fields: "id") { id: ID! name: String }`,
    resolvers: { Query: { product: () => ({ id: 'p1', name: 'Lamp' }) } },
  },
  stock: {
    typeDefs: `type Product @key(fields: "id") { id: ID! inStock: Int }`,
    resolvers: { Product: { __resolveReference: () => ({ id: 'p1', inStock: 7 }) } },
  },
};

/** A gateway whose `products` records the bodies that it gets, and answers when `answer` is opened. */
async function gateway(trafficShaping: object, config: object = {}) {
  const world = await httpWorld(shop, { config: { traffic_shaping: trafficShaping, ...config } });
  const bodies: { query: string; operationName?: string }[] = [];
  const answer = latch();
  world.behave('products', async (req, res) => {
    bodies.push(JSON.parse(await bodyOf(req)));
    await answer.promise;
    res.end('{"data":{"product":{"name":"Lamp","id":"p1"}}}');
  });
  return { ...world, bodies, answer: () => answer.open() };
}

test('operations have no name by default', async () => {
  const { server, bodies, answer } = await gateway({});
  answer();
  await post(server.url, { query: 'query Shop { product { name } }' });
  expect(bodies).toEqual([{ query: '{product{name}}' }]);
});

test('operations have the name of the client, the subgraph and the number of the request', async () => {
  const { server, bodies, answer, seen } = await gateway({ all: { operation_names: true } });
  answer();
  const response = await post(server.url, { query: 'query Shop { product { name inStock } }' });
  expect(await response.json()).toEqual({ data: { product: { name: 'Lamp', inStock: 7 } } });
  expect(bodies).toEqual([{ query: 'query Shop__products__1{product{name id}}', operationName: 'Shop__products__1' }]);
  expect(seen.stock).toHaveLength(1);
});

test('a subgraph may have its own setting', async () => {
  const own = { all: { operation_names: true }, subgraphs: { products: { operation_names: false } } };
  const { server, bodies, answer } = await gateway(own);
  answer();
  await post(server.url, { query: 'query Shop { product { name } }' });
  expect(bodies).toEqual([{ query: '{product{name}}' }]);
});

test('fetches that differ only in the name share a response', async () => {
  const { server, calls, bodies, answer } = await gateway(
    { all: { operation_names: true } },
    { batching: { enabled: true } },
  );
  const batch = [{ query: 'query First { product { name } }' }, { query: 'query Second { product { name } }' }];
  // both are read before the subgraph can answer the first
  const response = post(server.url, batch);
  await expect.poll(() => bodies.length).toBe(1);
  answer();
  const result = { data: { product: { name: 'Lamp' } } };
  expect(await (await response).json()).toEqual([result, result]);
  expect(calls.products).toBe(1);
  expect(bodies[0]?.operationName).toBe('First__products__1');
});
