import { describe, expect, it, onTestFinished } from 'vitest';
import { RedisStore } from '../../src/cache/redis-store.ts';
import { apiCacheStore } from '../../src/sources/rest/cache/cache-store.ts';
import { createRedis } from '../../src/store/redis.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { startCluster } from '../store/redis-cluster-nodes.ts';
import { HAS_REDIS } from '../store/redis-server.ts';
import { entryOf } from './entry-of.ts';
import { shop } from './shop.ts';

async function openStore(cluster: readonly string[]) {
  const settings = { cluster: [...cluster], key_prefix: 'cluster', timeout: 5_000 };
  const redis = await createRedis(settings, createLogger({ level: 'silent' }));
  onTestFinished(() => redis.close());
  return { redis, store: new RedisStore({ redis, timeoutMs: 5_000, compressFrom: 1_000 }) };
}

const KEYS = Array.from({ length: 200 }, (_, index) => `key ${index}`);

describe.skipIf(!HAS_REDIS)('a Redis Cluster', () => {
  it('has the values of the cache on all of its nodes, and finds, claims and invalidates them together', async () => {
    const { urls, sizes } = await startCluster();
    const [one, other] = [await openStore(urls), await openStore(urls.slice(1, 2))];
    const { moment } = await one.store.get(KEYS);
    const entries = KEYS.map((key, index) => [key, entryOf(key, [index % 2 === 0 ? 'even' : 'odd'])] as const);
    await one.store.set(entries, moment);
    for (const size of await sizes()) expect(size).toBeGreaterThan(20);
    const found = await other.store.get(KEYS);
    expect(found.entries.map((entry) => entry?.text)).toEqual(KEYS);
    const versions = entries.slice(0, 100).map(([key, entry]) => [key, entry] as const);
    expect((await one.store.claim(versions, 10_000)).isClaimed).toEqual(versions.map(() => true));
    const later = entries.slice(50, 150).map(([key, entry]) => [key, entry] as const);
    expect((await other.store.claim(later, 10_000)).isClaimed).toEqual(later.map((_, index) => index >= 50));
    expect(await other.store.invalidate(['even'])).toBe(100);
    const left = await one.store.get(KEYS);
    expect(left.entries.map((entry) => entry?.text)).toEqual(
      KEYS.map((key, index) => (index % 2 === 0 ? undefined : key)),
    );
  });

  it('stores nothing that was invalidated since it was looked up, whatever node it is on', async () => {
    const { urls } = await startCluster();
    const { store } = await openStore(urls);
    const lookedUp = await store.get(KEYS);
    const atOnce = await store.moment();
    await store.invalidate(['old']);
    const entries = KEYS.map((key, index) => [key, entryOf(key, [index < 100 ? 'old' : 'new'])] as const);
    for (const moment of [lookedUp.moment, atOnce]) {
      await store.set(entries, moment);
      const { entries: found } = await store.get(KEYS);
      expect(found.filter((entry) => entry !== undefined).map(({ text }) => text)).toEqual(KEYS.slice(100));
    }
  });

  it('serves two gateways: values, limits and messages', async () => {
    const { urls } = await startCluster();
    const store = { redis: { cluster: urls, timeout: '5s', required_timeout: '5s' } };
    const cache = { redis: { enabled: true, timeout: '5s' } };
    const limits = { store: 'redis', store_timeout: '5s', requests: [{ limit: 30, window: '1h', by: ['ip'] }] };
    const open = () => shop(cache, { store, rate_limits: limits });
    const [one, other] = [await open(), await open()];
    const list = '{ products { id name stars } }';
    const first = await one.ask(list);
    const shared = async () => {
      expect(await other.ask(list)).toEqual(first);
      return other.counts();
    };
    await expect.poll(shared).toEqual({ products: 0, reviews: 0 });
    other.data.names[1] = 'Lantern';
    await one.ask('mutation { rename(id: "1", name: "Lantern") { id } }');
    for (const world of [one, other])
      await expect.poll(async () => (await world.ask(list)).data.products[0].name).toBe('Lantern');
    // a message has reached the other gateway: its memory has the new name, too
    await expect.poll(async () => (await one.ask('{ product(id: "1") { name } }')).data.product.name).toBe('Lantern');
    // both count the same requests
    const statuses = new Set<number>();
    for (let i = 0; i < 31 && !statuses.has(429); i++) {
      const { status } = await fetch(`${(i % 2 === 0 ? one : other).url}?query={__typename}`);
      statuses.add(status);
    }
    expect([...statuses].sort()).toEqual([200, 429]);
  });

  it('is done without while one of its nodes is gone', async () => {
    const { urls, nodes } = await startCluster();
    const store = { redis: { cluster: urls, timeout: '100ms', required_timeout: '100ms' } };
    const world = await shop({ redis: { enabled: true, timeout: '100ms' } }, { store });
    await nodes[1]?.kill();
    for (let i = 0; i < 3; i++) expect((await world.ask('{ products { id name } }')).data.products.length).toBe(3);
    const renamed = await world.ask('mutation { rename(id: "1", name: "Lantern") { id } }');
    expect(renamed.data.rename).toEqual({ id: '1' });
  });

  it('has responses of APIs, with tags that are added later', async () => {
    const { urls } = await startCluster();
    const { store } = await openStore(urls);
    const api = apiCacheStore(store);
    const answer = (text: string) =>
      ({ kind: 'answer', status: 200, headers: {}, text, storedAt: 0, usefulUntil: Date.now() + 60_000 }) as const;
    const before = await store.moment();
    const read = async (key: string) => {
      const { cached } = await api.get(key);
      return cached?.kind === 'answer' ? cached.text : undefined;
    };
    for (const key of KEYS.slice(0, 20)) {
      const { moment } = await api.get(key);
      await api.set(key, answer(key), await api.moment(), ['all']);
      await api.addTags(key, [`tag of ${key}`], moment);
      expect(await read(key)).toBe(key);
    }
    await store.invalidate(['tag of key 3']);
    expect([await read('key 3'), await read('key 4')]).toEqual([undefined, 'key 4']);
    // what was fetched before its new tag was invalidated is removed
    await store.invalidate(['late']);
    await api.addTags('key 4', ['late'], before);
    expect([await read('key 4'), await read('key 5')]).toEqual([undefined, 'key 5']);
    await api.delete('key 5');
    expect(await read('key 5')).toBe(undefined);
  });
});
