import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { folderWith } from '../composition/folder.ts';
import { admin, TOKEN } from '../gateway/admin-client.ts';
import { pluginFile } from '../plugins/world.ts';
import { HAS_REDIS, type RedisServer, startRedis } from '../store/redis-server.ts';
import { gatewayOfShop, type Shop, shop } from './shop.ts';

const LIST = '{ products { id name } }';
const HIT = 'headgate; hit';
/** The ways to a cached response: a GET of `/graphql`, and an endpoint. */
const WAYS = { '/graphql': `/graphql?query=${encodeURIComponent(LIST)}`, 'an endpoint': '/bff/web/list' };
const ENDPOINTS = { 'web/list.graphql': `query @endpoint(cache: {maxAge: "1h"}) ${LIST}` };

async function get(world: Shop, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(world.url.replace('/graphql', '') + path, { headers });
  const body = await response.json();
  const { extensions = {} } = body.errors?.[0] ?? {};
  return { status: response.status, cache: response.headers.get('cache-status'), body, code: extensions.code };
}

/** Sends a request until its response comes from the cache. */
async function warm(world: Shop, path: string, headers?: Record<string, string>) {
  await expect.poll(async () => (await get(world, path, headers)).cache).toBe(HIT);
}

/** A list of persisted documents in a file. */
async function listOf(documents: Record<string, string>) {
  const file = join(await folderWith({}), 'manifest.json');
  const write = (all: Record<string, string>) => writeFile(file, JSON.stringify(all));
  await write(documents);
  return { write, settings: { enabled: true, manifest: [file] } };
}

describe('a persisted document that is removed from its list is refused at once', () => {
  const hash = createHash('sha256').update(LIST).digest('hex');
  const extensions = encodeURIComponent(JSON.stringify({ persistedQuery: { version: 1, sha256Hash: hash } }));

  it.each([
    ['an id', '/graphql?documentId=list', 'PERSISTED_QUERY_NOT_FOUND'],
    ['an id in the path', '/graphql/list', 'PERSISTED_QUERY_NOT_FOUND'],
    ['a hash', `/graphql?extensions=${extensions}`, 'PERSISTED_QUERY_NOT_FOUND'],
    ['its text', WAYS['/graphql'], 'PERSISTED_QUERY_NOT_IN_LIST'],
  ])('by %s', async (_, path, code) => {
    const list = await listOf({ list: LIST, [hash]: LIST, other: '{ latest }' });
    const world = await shop({}, { persisted_queries: { ...list.settings, safelist: { enabled: true } } });
    await warm(world, path);
    await list.write({ other: '{ latest }' });
    await world.reload();
    expect(await get(world, path)).toMatchObject({ cache: null, code });
  });

  it('not where another one is added, or the list is the same', async () => {
    const list = await listOf({ list: LIST });
    const world = await shop({}, { persisted_queries: list.settings });
    await warm(world, '/graphql?documentId=list');
    await world.reload();
    expect((await get(world, '/graphql?documentId=list')).cache).toBe(HIT);
    await list.write({ list: LIST, other: '{ latest }' });
    await world.reload();
    await warm(world, '/graphql?documentId=list');
  });

  it('one whose text has changed gets the response to the new text', async () => {
    const list = await listOf({ list: LIST });
    const world = await shop({}, { persisted_queries: list.settings });
    await warm(world, '/graphql?documentId=list');
    await list.write({ list: '{ products { name } }' });
    await world.reload();
    expect((await get(world, '/graphql?documentId=list')).body.data.products[0]).toEqual({ name: 'Lamp' });
  });

  it('also where it was being executed when the list changed', async () => {
    const list = await listOf({ list: LIST, other: '{ latest }' });
    const world = await shop({}, { persisted_queries: list.settings });
    let respond = () => {};
    world.products.answer = () =>
      new Promise((resolve) => {
        respond = () => resolve({ data: { products: [{ id: '1', name: 'Lamp' }] } });
      });
    const before = get(world, '/graphql?documentId=list');
    await expect.poll(() => world.products.requests.length).toBe(1);
    await list.write({ other: '{ latest }' });
    await world.reload();
    respond();
    expect((await before).body.data.products.length).toBe(1);
    expect((await get(world, '/graphql?documentId=list')).code).toBe('PERSISTED_QUERY_NOT_FOUND');
  });
});

describe.each(Object.entries(WAYS))('with %s cached, what changes counts at once:', (_, path) => {
  const change = async (world: Shop, edit: (sdl: string) => string) => {
    const file = join(world.dir, 'products.graphql');
    await writeFile(file, edit(await readFile(file, 'utf8')));
    await world.reload();
  };
  const isRefused = async (world: Shop) => {
    const { cache, body } = await get(world, path);
    return cache === null && body.products === undefined && !body.data?.products;
  };

  it('a schema without the field', async () => {
    const world = await shop({}, {}, folderOf(ENDPOINTS));
    await warm(world, path);
    await change(world, (sdl) => sdl.replaceAll('name: String }', 'title: String }'));
    await expect.poll(() => isRefused(world)).toBe(true);
  });

  it.each(['@authenticated', '@requiresScopes(scopes: [["read"]])', '@policy(policies: [["vip"]])'])(
    'a schema with %s at the field',
    async (directive) => {
      const world = await shop({}, {}, folderOf(ENDPOINTS));
      await warm(world, path);
      await change(world, (sdl) =>
        sdl
          .replace('"@key", ', '"@key", "@authenticated", "@requiresScopes", "@policy", ')
          .replace('products: [Product!]! ', `products: [Product!] ${directive} `),
      );
      await expect.poll(() => isRefused(world)).toBe(true);
      expect(await isRefused(world)).toBe(true);
    },
  );

  it('the schema of a canary, for its clients', async () => {
    const supergraph = { listen: '127.0.0.1:0', canary: { share: '50%', duration: '1h' } };
    const settings = { supergraph, trusted_proxies: ['127.0.0.1'], admin: { listen: '127.0.0.1:0', token: TOKEN } };
    const world = await shop({}, settings, folderOf(ENDPOINTS));
    await warm(world, path);
    await change(world, (sdl) => sdl.replaceAll('name: String }', 'title: String }'));
    await expect.poll(async () => (await admin(world.adminUrl, '/canary')).body.canary).not.toBeNull();
    const seen = new Set<string>();
    for (let client = 0; client < 24; client++) {
      const { cache, body } = await get(world, path, { 'x-forwarded-for': `192.0.2.${client}` });
      seen.add(`${cache} ${(body.data ?? body).products?.length}`);
    }
    expect(seen).toEqual(new Set([`${HIT} 3`, 'null undefined']));
  });

  it('the limits of each client', async () => {
    const limits = { requests: [{ limit: 3, window: '1h', by: ['header:x-client'] }] };
    const world = await shop({}, { rate_limits: limits }, folderOf(ENDPOINTS));
    await warm(world, path, { 'x-client': 'first' });
    const statuses = async (client: string) => {
      const all = [];
      for (let i = 0; i < 4; i++) all.push((await get(world, path, { 'x-client': client })).status);
      return all;
    };
    expect(await statuses('second')).toEqual([200, 200, 200, 429]);
    expect(await statuses('third')).toEqual([200, 200, 200, 429]);
  });
});

describe.skipIf(!HAS_REDIS)('what an earlier process has stored in Redis is not for what this one refuses', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.close());
  let prefixes = 0;

  const blockingIn = (hook: string) => () => ({
    plugins: [
      { path: pluginFile('blocked.mjs', `export default { name: 'blocked', reads: 'nothing', hooks: { ${hook} } };`) },
    ],
  });
  const body = '{ errors: [{ message: "blocked" }] }';

  it.each([
    ['nothing', {}, [200, 200], HIT],
    ['a lower limit of the depth', { limits: { max_depth: 1 } }, [400, 503]],
    ['a required name of the client', { telemetry: { client_awareness: { required: true } } }, [400, 400]],
    ['required authentication', { authentication: { require_authentication: true } }, [401, 401]],
    ['a limit of requests', { rate_limits: { requests: [{ limit: 2, window: '1h', by: ['global'] }] } }, [200, 429]],
    ['a list of addresses', { ip_lists: { deny: ['127.0.0.1'] } }, [403, 403]],
    ['a plugin that blocks requests', blockingIn(`onRequest: () => ({ status: 403, body: ${body} })`), [403, 403]],
    ['a plugin that blocks operations', blockingIn(`onParse: () => ({ status: 403, ...${body} })`), [403, 403]],
    [
      'a limit of the cost',
      { demand_control: { enabled: true, mode: 'enforce', strategy: { static_estimated: { list_size: 10, max: 1 } } } },
      [400, 400],
    ],
    [
      // endpoints are no documents of clients
      'an empty list of documents',
      async () => ({ persisted_queries: { ...(await listOf({})).settings, safelist: { enabled: true } } }),
      [400, 200],
      HIT,
    ],
  ] as const)('%s', async (_, given, statuses, endpoint?: string) => {
    const stricter = typeof given === 'function' ? await given() : given;
    const key_prefix = `allowed-${++prefixes}`;
    const store = { redis: { url: server.url, key_prefix, timeout: '2s', required_timeout: '2s' } };
    const cache = { redis: { enabled: true, timeout: '2s' } };
    const endpoints = folderOf(ENDPOINTS);
    const before = await shop(cache, { store, bff: { redis: true } }, endpoints);
    for (const path of Object.values(WAYS)) await warm(before, path);
    const now = await gatewayOfShop(before, cache, { store, bff: { redis: true }, ...stricter }, endpoints);
    const seen = [];
    // a process knows what a GET depends on when it has executed it
    for (const path of [WAYS['/graphql'], WAYS['/graphql'], WAYS['an endpoint']]) seen.push(await get(now, path));
    expect(seen.slice(1).map(({ status }) => status)).toEqual(statuses);
    expect(seen[0]?.cache).toBe(null);
    expect(seen[2]?.cache).toBe(endpoint ?? null);
  });
});
