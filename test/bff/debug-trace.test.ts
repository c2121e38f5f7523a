import { describe, expect, it, test } from 'vitest';
import { signDebugToken } from '../../src/policy/debug/debug-token.ts';
import type { DebugJson } from '../../src/shared/debug-trace.ts';
import { httpWorld } from '../gateway/http-world.ts';
import { folderOf } from './support.ts';

const SECRET = 'a secret of thirty-two characters';
const byId = { __resolveReference: (reference: object) => reference };

const FILES = {
  'web/home.graphql': `
    query Home @endpoint(path: "/home", cache: {maxAge: "1h"}) {
      product { name stock @optional(fallback: 0) reviews @optional { text } }
    }`,
  'web/hasty.graphql': `
    query Hasty @endpoint(path: "/hasty") { product { name reviews @optional(timeout: "200ms") { text } } }`,
  'web/strict.graphql': 'query Strict @endpoint(path: "/strict") { product { name stock } }',
  'web/names.graphql': 'query Names @endpoint(path: "/names") { product { name } }',
  'web/names.ts': 'export default ({ product }) => [product.name];',
  'web/rename.graphql': 'mutation Rename @endpoint(path: "/rename", method: POST, idempotency: {}) { rename { name } }',
};

/** Products with stock and reviews from other subgraphs, and endpoints for them. */
async function shop(options: Parameters<typeof httpWorld>[1] = { dev: true }) {
  const world = await httpWorld(
    {
      products: {
        typeDefs: `
          type Query { product: Product }
          type Mutation { rename: Product }
          type Product @key(fields: "id") { id: ID! name: String }
        `,
        resolvers: {
          Query: { product: () => ({ id: 'p1', name: 'Lamp' }) },
          Mutation: { rename: () => ({ id: 'p1', name: 'Lantern' }) },
        },
      },
      stock: {
        typeDefs: 'type Product @key(fields: "id") { id: ID! stock: Int }',
        resolvers: { Product: { ...byId, stock: () => 7 } },
      },
      reviews: {
        typeDefs: 'type Product @key(fields: "id") { id: ID! reviews: [Review!] } type Review { text: String }',
        resolvers: { Product: { ...byId, reviews: () => [{ text: 'good' }] } },
      },
    },
    { bffDir: folderOf(FILES), ...options },
  );
  const get = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    fetch(new URL(path, world.server.url), { ...init, headers });
  const traced = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    get(path, { 'x-headgate-debug': 'trace', ...headers }, init);
  return { ...world, get, traced };
}

describe('a response', () => {
  it('has the trace as meta.headgate, beside the data and what failed alone', async () => {
    const { traced, behave } = await shop();
    behave('stock', (_, res) => void res.writeHead(503).end());
    const response = await traced('/bff/web/home');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('etag')).toBe(null);
    expect(response.headers.get('x-headgate-debug')).toBe('trace');
    const { meta, ...data } = await response.json();
    expect(data).toEqual({ product: { name: 'Lamp', stock: 0, reviews: [{ text: 'good' }] } });
    expect(meta.partial).toHaveLength(1);
    const trace: DebugJson = meta.headgate;
    expect(trace.fetches.map(({ subgraph }) => subgraph).sort()).toEqual(['products', 'reviews', 'stock']);
    expect(trace.nulls).toMatchObject([
      { path: ['product', 'stock'], causes: [{ kind: 'fetchFailed', subgraph: 'stock', status: 503 }] },
    ]);
  });

  it('names the section that was not ready in time', async () => {
    const { traced, behave } = await shop();
    behave('reviews', (req) => void req.resume());
    const { meta } = await (await traced('/bff/web/hasty')).json();
    expect(meta.headgate.nulls).toEqual([
      {
        path: ['product', 'reviews'],
        causes: [{ kind: 'sectionTimeout', section: ['product', 'reviews'], timeoutMs: 200 }],
      },
    ]);
  });

  it('that is a problem has it as headgate', async () => {
    const { traced, behave } = await shop();
    behave('stock', (_, res) => void res.writeHead(503).end());
    const response = await traced('/bff/web/strict');
    expect(response.status).toBe(502);
    const { headgate } = await response.json();
    expect(headgate.nulls[0].causes[0]).toMatchObject({ kind: 'fetchFailed', subgraph: 'stock' });
  });

  it('that is no object says that it has none', async () => {
    const { traced } = await shop();
    const response = await traced('/bff/web/names');
    expect(await response.json()).toEqual(['Lamp']);
    expect(response.headers.get('x-headgate-debug')).toMatch(/^left out/);
  });

  it('that is streamed has it in its last event', async () => {
    const { traced, behave } = await shop();
    behave('reviews', (_, res) => void res.writeHead(500).end());
    const events = await (await traced('/bff/web/home', { accept: 'text/event-stream' })).text();
    const last = /event: done\ndata: (.*)\n/.exec(events)?.[1] ?? '';
    const { nulls, fetches }: DebugJson = JSON.parse(last).headgate;
    expect(fetches).toHaveLength(3);
    expect(nulls).toMatchObject([
      { path: ['product', 'reviews'], causes: [{ kind: 'fetchFailed', subgraph: 'reviews', status: 500 }] },
    ]);
  });
});

describe('caches', () => {
  it('never have a trace: it comes from an execution, and stays with its client', async () => {
    const { get, traced, calls } = await shop();
    const first = await (await get('/bff/web/home')).text();
    expect(calls.products).toBe(1);
    const { meta, ...data } = await (await traced('/bff/web/home')).json();
    expect(meta.headgate.fetches).toHaveLength(3);
    expect(data).toEqual(JSON.parse(first));
    const again = await get('/bff/web/home');
    expect(await again.text()).toBe(first);
    expect(calls.products).toBe(2);
    expect(again.headers.get('etag')).not.toBe(null);
  });

  it('the first response for an idempotency key is replayed without its trace', async () => {
    const { get, traced, calls } = await shop();
    const key = { 'idempotency-key': 'k1', 'content-type': 'application/json', 'x-csrf': '1' };
    const init = { method: 'POST', body: '{}' };
    const { meta } = await (await traced('/bff/web/rename', key, init)).json();
    expect(meta.headgate.fetches).toHaveLength(1);
    const replayed = await get('/bff/web/rename', key, init);
    expect(replayed.headers.get('idempotency-replayed')).toBe('true');
    expect(await replayed.json()).toEqual({ rename: { name: 'Lantern' } });
    const third = await (await traced('/bff/web/rename', key, init)).json();
    expect(third.meta.headgate.fetches).toEqual([]);
    expect(calls.products).toBe(1);
  });
});

test('in production, an endpoint needs the token, too', async () => {
  const { traced } = await shop({ config: { debug: { token_secret: SECRET } } });
  const refused = await traced('/bff/web/names');
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({ type: 'urn:headgate:problem:debug-token-required' });
  const token = await signDebugToken(SECRET, 60);
  const allowed = await traced('/bff/web/strict', { 'x-headgate-debug-token': token });
  expect((await allowed.json()).meta.headgate.fetches).toHaveLength(2);
});

describe('Server-Timing, in dev', () => {
  it('has the phases, the fetches, the sections and the total, also of errors', async () => {
    const { get, behave } = await shop();
    const names = async (path: string) =>
      ((await get(path)).headers.get('server-timing') ?? '').split(', ').map((one) => one.split(';')[0]);
    expect(await names('/bff/web/strict')).toEqual([
      'receive',
      'parse',
      'plan',
      'execute',
      'fetch_products',
      'fetch_stock',
      'engine',
      'total',
    ]);
    behave('stock', (_, res) => void res.writeHead(503).end());
    expect(await names('/bff/web/strict')).toContain('fetch_stock');
    expect(await names('/bff/web/nothing')).toEqual(['receive', 'total']);
    expect(await names('/nothing')).toEqual(['receive', 'total']);
  });
});
