import { describe, expect, it } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { httpWorld } from './http-world.ts';
import { latch, post } from './serving.ts';

const shop = {
  products: {
    typeDefs: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! name: String }',
    resolvers: { Query: { product: () => ({ id: 'p1', name: 'Lamp' }) } },
  },
  stock: {
    typeDefs: 'type Product @key(fields: "id") { id: ID! inStock: Int }',
    resolvers: { Product: { __resolveReference: ({ id }: { id: string }) => ({ id, inStock: 7 }) } },
  },
};
const QUERY = { query: '{ product { name inStock } }' };
const DATA = { data: { product: { name: 'Lamp', inStock: 7 } } };

/** What subgraphs are sent in any case. */
const OWN = ['accept', 'connection', 'content-length', 'content-type', 'host'];

describe('headers to subgraphs', () => {
  it('are the gateway’s own where no rule says more', async () => {
    const { server, seen } = await httpWorld(shop);
    await post(server.url, QUERY, { authorization: 'Bearer x', cookie: 'a=b', 'x-tenant': 't1' });
    expect(Object.keys(seen.products?.[0] ?? {}).sort()).toEqual(OWN);
  });

  it('are for each subgraph what its rules say, at every fetch of a request', async () => {
    const { server, seen } = await httpWorld(shop, {
      config: {
        headers: {
          all: { request: [{ propagate: { matching: '^x-' } }] },
          subgraphs: {
            stock: { request: [{ remove: { named: 'x-tenant' } }, { insert: { name: 'x-key', value: 'k' } }] },
          },
        },
      },
    });
    const response = await post(server.url, QUERY, { 'x-tenant': 't1', 'x-note': 'n', authorization: 'Bearer x' });
    expect(await response.json()).toEqual(DATA);
    expect(seen.products?.[0]).toMatchObject({ 'x-tenant': 't1', 'x-note': 'n' });
    expect(seen.stock?.[0]).toMatchObject({ 'x-note': 'n', 'x-key': 'k' });
    expect(seen.stock?.[0]).not.toHaveProperty('x-tenant');
    expect(seen.products?.[0]).not.toHaveProperty('authorization');
  });
});

describe('headers of subgraph answers', () => {
  const propagate = [{ propagate: { named: 'set-cookie' } }, { propagate: { named: 'x-cache', algorithm: 'append' } }];
  const config = { headers: { all: { response: propagate } } };

  /** Both subgraphs answer as ever, and with these headers. */
  async function answering(options: Parameters<typeof httpWorld>[1]) {
    const world = await httpWorld(shop, options);
    const answers = {
      products: '{"data":{"product":{"__typename":"Product","id":"p1","name":"Lamp"}}}',
      stock: '{"data":{"_entities":[{"__typename":"Product","inStock":7}]}}',
    };
    let count = 0;
    for (const [name, body] of Object.entries(answers)) {
      world.behave(name, (_req, res) => {
        const headers = [
          'set-cookie',
          `${name}=${++count}`,
          'set-cookie',
          `b-${name}=1; Path=/`,
          'x-cache',
          `${name}-hit`,
        ];
        res.writeHead(200, ['content-type', 'application/json', ...headers, 'x-other', '1']).end(body);
      });
    }
    return world;
  }

  it('go to the client as the rules say', async () => {
    const { server } = await answering({ config });
    const response = await post(server.url, QUERY);
    expect(await response.json()).toEqual(DATA);
    expect(response.headers.getSetCookie()).toEqual([
      'products=1',
      'b-products=1; Path=/',
      'stock=2',
      'b-stock=1; Path=/',
    ]);
    expect(response.headers.get('x-cache')).toBe('products-hit, stock-hit');
    expect(response.headers.get('x-other')).toBeNull();
  });

  it('go to the client of a GET, and to one of an endpoint, too', async () => {
    const bffDir = folderOf({ 'app/lamp.graphql': 'query Lamp @endpoint(path: "/lamp") { product { name inStock } }' });
    const { server } = await answering({ config, bffDir });
    for (const path of [`/graphql?query=${encodeURIComponent(QUERY.query)}`, '/bff/app/lamp']) {
      const response = await fetch(new URL(path, server.url));
      expect(response.status).toBe(200);
      expect(response.headers.getSetCookie().length).toBe(4);
      expect(response.headers.get('x-cache')).toBe('products-hit, stock-hit');
    }
  });

  it('with cookies are each client’s own, though their requests are the same', async () => {
    const { server, behave, calls } = await httpWorld(shop, { config });
    const gate = latch();
    behave('products', async (_req, res) => {
      const session = calls.products;
      await gate.promise;
      res.writeHead(200, { 'set-cookie': `session=${session}` }).end('{"data":{"product":null}}');
    });
    const asked = [1, 2, 3].map(() => post(server.url, { query: '{ product { name } }' }));
    await expect.poll(() => calls.products).toBe(3);
    gate.open();
    const cookies = await Promise.all(asked.map(async (answer) => (await answer).headers.getSetCookie().join()));
    expect(cookies.sort()).toEqual(['session=1', 'session=2', 'session=3']);
  });

  it('without cookies go to all who share an answer', async () => {
    const { server, behave, calls } = await httpWorld(shop, {
      config: { headers: { all: { response: [{ propagate: { named: 'x-region' } }] } } },
    });
    const gate = latch();
    behave('products', async (_req, res) => {
      await gate.promise;
      res.writeHead(200, { 'x-region': 'eu' }).end('{"data":{"product":null}}');
    });
    const asked = [1, 2, 3].map(() => post(server.url, { query: '{ product { name } }' }));
    await expect.poll(() => calls.products).toBe(1);
    gate.open();
    const regions = await Promise.all(asked.map(async (answer) => (await answer).headers.get('x-region')));
    expect(regions).toEqual(['eu', 'eu', 'eu']);
  });
});
