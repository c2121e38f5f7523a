import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createRedis, type SharedRedis } from '../../src/store/redis.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { HAS_REDIS, type RedisServer, startRedis } from '../store/redis-server.ts';
import { engineOver, folderOf, serveBff } from './support.ts';

const SDL =
  'type Query { product(id: ID!): Product } type Product { id: ID!, name: String } type Mutation { order: Product }';
const FILES = {
  'web/product.graphql': 'query ($id: ID!) @endpoint(cache: {maxAge: 60}) { product(id: $id) { id name } }',
  'web/order.graphql': 'mutation { order { id } }',
};

describe.skipIf(!HAS_REDIS)('two gateways with one Redis', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server?.close();
  });

  const dir = () => folderOf(FILES);

  async function gateway(folder: string, timeouts: { timeout?: number; required_timeout?: number } = {}) {
    const logger = createLogger({ level: 'silent' });
    const redis: SharedRedis = await createRedis(
      { url: server.url, key_prefix: 'bff', timeout: 2_000, ...timeouts },
      logger,
    );
    onTestFinished(() => redis.close());
    let orders = 0;
    const engine = engineOver(SDL, {
      product: ({ id }: { id: string }) => ({ id, name: 'Ünïcode ✓ '.repeat(200) }),
      order: async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return { id: `o${++orders}` };
      },
    });
    return { ...(await serveBff({ dir: folder, engine: () => engine, redis })), engine };
  }

  test('what one has kept, the other serves, until either purges it', async () => {
    const folder = dir();
    const [a, b] = [await gateway(folder), await gateway(folder)];
    const first = await a.call('/bff/web/product?id=p1');
    const second = await b.call('/bff/web/product?id=p1');
    expect(second.text).toBe(first.text);
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(second.headers.get('cache-status')).toBe('headgate; hit');
    expect([a.engine.requests.length, b.engine.requests.length]).toEqual([1, 0]);
    expect(await b.bff.purge(['Product:p1'])).toBe(1);
    expect(await b.bff.purge(['Product:p1'])).toBe(0);
    await a.call('/bff/web/product?id=p1');
    expect(a.engine.requests).toHaveLength(2);
  });

  test('they may have the files of endpoints in different folders', async () => {
    const [a, b] = [await gateway(dir()), await gateway(dir())];
    const first = await a.call('/bff/web/product?id=p2');
    const second = await b.call('/bff/web/product?id=p2');
    expect(second.headers.get('cache-status')).toBe('headgate; hit');
    expect(second.text).toBe(first.text);
  });

  test('a key is one for both, also while the first request is under way', async () => {
    const folder = dir();
    const [a, b] = [await gateway(folder), await gateway(folder)];
    const init = { method: 'POST', headers: { 'idempotency-key': 'k' } };
    const responses = await Promise.all([a, b, b, a].map(({ call }) => call('/bff/web/order', init)));
    expect(new Set(responses.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(a.engine.requests.length + b.engine.requests.length).toBe(1);
  });

  test('what must happen once waits for a Redis that is slow', async () => {
    const a = await gateway(dir(), { timeout: 10, required_timeout: 20_000 });
    const control = await createRedis(
      { url: server.url, key_prefix: 'bff', timeout: 20_000 },
      createLogger({ level: 'silent' }),
    );
    onTestFinished(() => control.close());
    await control.run((client) => client.call('CLIENT', 'PAUSE', '400') as Promise<unknown>);
    const init = { method: 'POST', headers: { 'idempotency-key': 'slow' } };
    expect(await a.call('/bff/web/order', init)).toMatchObject({ status: 200, json: { order: { id: 'o1' } } });
  });

  test('a claim that was given up does not stand in the way of the next try', async () => {
    const a = await gateway(dir(), { required_timeout: 100 });
    const init = { method: 'POST', headers: { 'idempotency-key': 'again' } };
    server.freeze();
    const refused = await a.call('/bff/web/order', init).finally(() => server.resume());
    expect(refused).toMatchObject({
      status: 503,
      json: {
        type: 'urn:headgate:problem:idempotency-unknown',
        detail: expect.stringContaining('the store of keys did not respond within 100 ms. Nothing was executed.'),
      },
    });
    await expect.poll(async () => (await a.call('/bff/web/order', init)).status, { timeout: 10_000 }).toBe(200);
    expect(a.engine.requests).toHaveLength(1);
  });

  test('while Redis is unavailable, reads continue, and requests that must execute once are refused', async () => {
    const a = await gateway(dir());
    await server.kill();
    try {
      expect((await a.call('/bff/web/product?id=p1')).status).toBe(200);
      const init = { method: 'POST', headers: { 'idempotency-key': 'k2' } };
      const refused = await a.call('/bff/web/order', init);
      expect(refused).toMatchObject({ status: 503, json: { type: 'urn:headgate:problem:idempotency-unknown' } });
      expect(a.engine.requests).toHaveLength(1);
    } finally {
      await server.restart();
    }
  });
});
