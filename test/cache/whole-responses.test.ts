import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { signDebugToken } from '../../src/policy/debug/debug-token.ts';
import type { UsageReport } from '../../src/usage/usage-report.ts';
import { admin, TOKEN } from '../gateway/admin-client.ts';
import { startCollector } from '../telemetry/tracing/collector.ts';
import { tracing } from '../telemetry/tracing/traced-world.ts';
import { rawGet } from './raw-get.ts';
import { type Shop, shop } from './shop.ts';

const LIST = '{ products { id name } }';

async function get(world: Shop, query: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${world.url}?query=${encodeURIComponent(query)}`, { headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const cacheStatus = async (world: Shop, query: string, headers?: Record<string, string>) =>
  (await get(world, query, headers)).headers.get('cache-status');

describe('whole responses to GET', () => {
  it('are cached where they are the same for all, with their age', async () => {
    const world = await shop();
    const first = await get(world, LIST);
    expect(first.headers.get('cache-control')).toBe('public, max-age=60');
    expect(first.headers.get('cache-status')).toBe(null);
    world.counts();
    const second = await get(world, LIST);
    expect(second.text).toBe(first.text);
    expect(second.headers.get('cache-status')).toBe('headgate; hit');
    expect(second.headers.get('age')).toBe('0');
    expect(second.headers.get('vary')).toBe(first.headers.get('vary'));
    expect(world.counts()).toEqual({ products: 0, reviews: 0 });
  });

  it('have an entity tag, also those from subgraphs, and become 304 for a client that has them', async () => {
    const world = await shop();
    const url = `${world.url}?query=${encodeURIComponent(LIST)}`;
    const { etag = '' } = (await rawGet(url)).headers;
    for (const control of ['max-age=0', 'no-cache']) {
      const again = await rawGet(url, { 'if-none-match': etag, 'cache-control': control });
      expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, etag]);
      expect(again.headers['cache-control']).toBe('public, max-age=60');
    }
    expect((await rawGet(url, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('are encoded, each coding with an entity tag of its own', async () => {
    const world = await shop({}, { traffic_shaping: { router: { compression: { enabled: true, threshold: 10 } } } });
    const plain = await get(world, LIST, { 'accept-encoding': 'identity' });
    const encoded = await rawGet(`${world.url}?query=${encodeURIComponent(LIST)}`, { 'accept-encoding': 'gzip' });
    expect(gunzipSync(encoded.body).toString()).toBe(plain.text);
    expect(encoded.headers['cache-status']).toBe('headgate; hit');
    expect(encoded.headers.etag).not.toBe(plain.headers.get('etag'));
    const again = { 'accept-encoding': 'gzip', 'if-none-match': encoded.headers.etag ?? '' };
    expect((await rawGet(`${world.url}?query=${encodeURIComponent(LIST)}`, again)).status).toBe(304);
  });

  it.each([
    ['private', '{ me { name } }', {}],
    ['with an error', '{ products { id stars } }', {}],
    ['for which nothing says how long', '{ latest }', {}],
    ['to a client that sends no-store', LIST, { 'cache-control': 'no-store' }],
  ])('are not cached: %s', async (_, query, headers) => {
    const world = await shop();
    world.reviews.answer = () => ({ errors: [{ message: 'broken' }] });
    await get(world, query, headers);
    expect(await cacheStatus(world, query, headers)).toBe(null);
  });

  it('are not cached with a value that is null, without a time for these', async () => {
    const world = await shop();
    const query = '{ product(id: "9") { name } }';
    await get(world, query);
    expect(await cacheStatus(world, query)).toBe(null);
  });

  it('are cached for persisted documents, each with its variables', async () => {
    const world = await shop();
    const query = 'query One($id: ID!) { product(id: $id) { name } }';
    const sha256Hash = createHash('sha256').update(query).digest('hex');
    const at = async (id: string, document: Record<string, string> = {}) => {
      const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash } });
      const params = new URLSearchParams({ extensions, variables: JSON.stringify({ id }), ...document });
      const response = await fetch(`${world.url}?${params}`);
      return [response.headers.get('cache-status'), await response.text()];
    };
    expect((await at('1'))[1]).toContain('PERSISTED_QUERY_NOT_FOUND');
    await at('1', { query });
    for (const [id, name] of [
      ['1', 'Lamp'],
      ['2', 'Desk'],
    ] as const) {
      const text = `{"data":{"product":{"name":"${name}"}}}`;
      expect(await at(id)).toEqual([null, text]);
      expect(await at(id)).toEqual(['headgate; hit', text]);
    }
  });

  it('are kept apart from those to clients with credentials', async () => {
    const world = await shop();
    await get(world, LIST);
    expect(await cacheStatus(world, LIST, { authorization: 'Bearer x' })).toBe(null);
    expect(await cacheStatus(world, LIST)).toBe('headgate; hit');
  });

  it('are kept apart by headers that are forwarded', async () => {
    const headers = { all: { request: [{ propagate: { named: 'x-tenant' } }] } };
    const world = await shop({}, { headers });
    await get(world, LIST, { 'x-tenant': 'a' });
    expect(await cacheStatus(world, LIST, { 'x-tenant': 'b' })).toBe(null);
    expect(await cacheStatus(world, LIST, { 'x-tenant': 'a' })).toBe('headgate; hit');
    expect(await cacheStatus(world, LIST)).toBe(null);
  });

  it('end with what is in them: when it is invalidated, and when it expires', async () => {
    const world = await shop();
    await get(world, LIST);
    await world.ask('mutation { rename(id: "1", name: "Lantern") { id } }');
    const after = await get(world, LIST);
    expect(after.text).toContain('Lantern');
    expect(after.headers.get('cache-status')).toBe(null);
  });

  it('count against the limits of requests', async () => {
    const limits = { requests: [{ limit: 2, window: '1h', by: ['ip'] }] };
    const world = await shop({}, { rate_limits: limits });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await get(world, LIST)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  it.each([
    ['the time of the config', LIST, { ttl: '3s' }, 'public, max-age=3'],
    ['the hint', LIST, { ttl: '1h' }, 'public, max-age=60'],
    ['the time of values that are null', '{ product(id: "9") { name } }', { negative_ttl: '2s' }, 'public, max-age=2'],
  ])('are cached for the shortest time, by clients, too: %s', async (_, query, all, expected) => {
    const world = await shop({ subgraph: { all } });
    const uncached = await get(world, query, { 'cache-control': 'no-store' });
    // nothing says that the value is null without looking at it, which is done for what is cached
    expect(uncached.headers.get('cache-control')).toBe('ttl' in all ? expected : 'public, max-age=60');
    const first = await get(world, query);
    const second = await get(world, query);
    expect(first.headers.get('cache-status')).toBe(null);
    expect(second.headers.get('cache-status')).toBe('headgate; hit');
    for (const { headers } of [first, second]) expect(headers.get('cache-control')).toBe(expected);
  });

  it('are no responses to a request for a debug trace', async () => {
    const secret = 'a secret of thirty-two characters';
    const world = await shop({}, { debug: { token_secret: secret } });
    const token = await signDebugToken(secret, 60);
    const trace = { 'x-headgate-debug': 'trace', 'x-headgate-debug-token': token };
    for (const _ of ['not yet cached', 'cached']) {
      const { headers, text } = await get(world, LIST, trace);
      expect([headers.get('cache-control'), headers.get('cache-status')]).toEqual(['no-store', null]);
      expect(JSON.parse(text).extensions.headgate.requestId).toBe(headers.get('x-request-id'));
      expect((await get(world, LIST)).text).not.toContain('headgate');
    }
  });

  it('are counted as uses of their operation', async () => {
    const world = await shop({}, { usage: { enabled: true }, admin: { listen: '127.0.0.1:0', token: TOKEN } });
    const list = `query List ${LIST}`;
    for (let i = 0; i < 3; i++) await get(world, list, { 'graphql-client-name': 'web' });
    expect(await cacheStatus(world, list, { 'graphql-client-name': 'ios' })).toBe('headgate; hit');
    const { body } = await admin(world.adminUrl, '/usage');
    const uses = (body as UsageReport).operations.flatMap(({ uses }) =>
      uses.map(({ client, count }) => [client, count]),
    );
    expect(Object.fromEntries(uses)).toEqual({ web: 3, ios: 1 });
  });

  it('have a span for each request where requests are traced', async () => {
    const collector = await startCollector();
    const world = await shop({}, { telemetry: { exporters: { tracing: tracing(collector) } } });
    await get(world, `query List ${LIST}`);
    const miss = await collector.trace();
    expect(miss.tree()).toContain('    fetch products');
    expect(await cacheStatus(world, `query List ${LIST}`)).toBe('headgate; hit');
    const hit = await collector.trace(2);
    expect(hit.tree()).toEqual(['GET /graphql']);
    expect(hit.root.attributes).toMatchObject({ 'graphql.operation.name': 'List', 'http.response.status_code': 200 });
  });

  it('tell a CDN their tags', async () => {
    const world = await shop({ tag_header: 'surrogate-key' });
    const tags = 'Product:1 product-1 Product:2 product-2 Product:3 product-3';
    for (let i = 0; i < 2; i++) expect((await get(world, LIST)).headers.get('surrogate-key')).toBe(tags);
  });

  it('are not cached with response_cache.responses: false', async () => {
    const world = await shop({ responses: false });
    await get(world, LIST);
    expect(await cacheStatus(world, LIST)).toBe(null);
  });

  it('are listed by the admin API', async () => {
    const world = await shop({}, { admin: { listen: '127.0.0.1:0', token: TOKEN } });
    await get(world, LIST);
    await get(world, LIST);
    const { body } = await admin(world.adminUrl, '/cache');
    expect(body.entries).toBe(2);
  });
});
