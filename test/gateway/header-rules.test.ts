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
const OWN = ['accept', 'accept-encoding', 'connection', 'content-length', 'content-type', 'host'];

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

  it.each([
    ['PUBLIC', 'no-store', 'public, max-age=60'],
    ['PRIVATE', 'private, max-age=60', 'private, max-age=60'],
  ])('with cookies are for no cache that several clients share: %s', async (scope, fresh, known) => {
    const bffDir = folderOf({
      'app/lamp.graphql': `query Lamp @endpoint(path: "/lamp", cache: {maxAge: 60, scope: ${scope}}) { product { name } }`,
    });
    const { server } = await answering({ config, bffDir });
    const get = () => fetch(new URL('/bff/app/lamp', server.url));
    const first = await get();
    expect(first.headers.getSetCookie()).toEqual(['products=1', 'b-products=1; Path=/']);
    expect(first.headers.get('cache-control')).toBe(fresh);
    const second = await get();
    expect(second.headers.getSetCookie()).toEqual([]);
    expect(second.headers.get('cache-control')).toBe(known);
  });

  it('of all operations of a batch go to the client, in their order', async () => {
    const { server, behave } = await httpWorld(shop, { config: { ...config, batching: { enabled: true } } });
    const gate = latch();
    let count = 0;
    behave('products', async (_req, res) => {
      const number = ++count;
      // the first one to be asked is the last one to answer
      if (number === 1) await gate.promise;
      else if (number === 3) gate.open();
      const headers = ['set-cookie', `n=${number}`, 'set-cookie', `m=${number}`, 'x-cache', `${number}`];
      res.writeHead(200, headers).end('{"data":{"product":{"name":"Lamp"}}}');
    });
    const operations = ['a', 'b', 'c'].map((alias) => ({ query: `{ ${alias}: product { name } }` }));
    const response = await post(server.url, operations);
    expect(response.status).toBe(200);
    expect(await response.json()).toHaveLength(3);
    expect(response.headers.getSetCookie()).toEqual(['n=1', 'm=1', 'n=2', 'm=2', 'n=3', 'm=3']);
    expect(response.headers.get('x-cache')).toBe('1, 2, 3');
  });

  it('by a pattern leave CORS, caching and the connection to the gateway, on every route', async () => {
    const bffDir = folderOf({ 'app/lamp.graphql': 'query Lamp @endpoint(path: "/lamp") { product { name } }' });
    const headers = { all: { response: [{ propagate: { matching: '.*' } }] } };
    const { server, behave } = await httpWorld(shop, { config: { headers }, bffDir });
    behave('products', (_req, res) => {
      res.sendDate = false;
      const own = {
        'access-control-allow-origin': 'https://evil.example',
        'access-control-allow-credentials': 'true',
        connection: 'keep-alive, x-hop',
        'x-hop': '1',
        date: 'Mon, 01 Jan 2001 00:00:00 GMT',
        age: '7',
        etag: '"subgraph"',
        'last-modified': 'Mon, 01 Jan 2001 00:00:00 GMT',
        'cache-control': 'public, max-age=1000',
        server: 'subgraph',
        'x-ok': '1',
      };
      res.writeHead(200, own).end('{"data":{"product":{"name":"Lamp"}}}');
    });
    const query = '{ product { name } }';
    const requests = [
      () => post(server.url, { query }),
      () => fetch(new URL(`/graphql?query=${encodeURIComponent(query)}`, server.url)),
      () => fetch(new URL('/bff/app/lamp', server.url)),
    ];
    for (const request of requests) {
      const { headers: got, status } = await request();
      expect(status).toBe(200);
      expect(got.get('x-ok')).toBe('1');
      const never = [
        'access-control-allow-origin',
        'access-control-allow-credentials',
        'x-hop',
        'age',
        'last-modified',
        'server',
      ];
      for (const name of never) expect(got.get(name)).toBeNull();
      expect(got.get('etag')).not.toBe('"subgraph"');
      expect(got.get('date')).not.toContain('2001');
      expect(got.get('cache-control') ?? '').not.toContain('1000');
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
