import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storeSection } from '../../src/config/sections/store.ts';
import { createRedis, type SharedRedis } from '../../src/store/redis.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { memoryUsage, type UsageBounds } from '../../src/usage/memory-usage.ts';
import { redisUsage } from '../../src/usage/redis-usage.ts';
import { DAY_MS, type UsageStore, type UseCount } from '../../src/usage/usage-report.ts';
import { HAS_REDIS, type RedisServer, startRedis } from '../store/redis-server.ts';

const NOON = Date.UTC(2026, 0, 31, 12);

const shelf = { id: 'a1', name: 'Shelf', type: 'query', used: ['Product.name', 'Query.products'], possible: [] };
const price = { id: 'b2', name: 'Price', type: 'query', used: ['Product.price'], possible: ['Color.RED'] };
const use = (operation: UseCount['operation'], count: number, client?: string, version?: string): UseCount => ({
  ...{ operation, count, client, version },
  last: NOON,
});

/** Checks what both stores do. `open` opens one with other bounds on the same counts. */
function contract(open: (bounds: UsageBounds) => UsageStore): void {
  let time = NOON;
  const bounds = { retentionMs: 30 * DAY_MS, maxEntries: 3, now: () => time };

  test('adds up the counts of operations and clients, the most used first', async () => {
    const store = open(bounds);
    await store.add([use(shelf, 2, 'web', '1.2.3'), use(price, 1)]);
    await store.add([use(shelf, 5, 'web', '1.2.3')]);
    const { operations, overflowed, until } = await store.read();
    expect(overflowed).toBe(false);
    expect(until).toBe('2026-01-31T12:00:00.000Z');
    const last = '2026-01-31T12:00:00.000Z';
    expect(operations).toEqual([
      { ...shelf, uses: [{ client: 'web', version: '1.2.3', count: 7, last }] },
      { ...price, uses: [{ client: undefined, version: undefined, count: 1, last }] },
    ]);
  });

  test('counts what is beyond the bound together, and still knows what is used', async () => {
    const store = open(bounds);
    await store.add([
      use(shelf, 1, 'a'),
      use(shelf, 1, 'b'),
      use(shelf, 1, 'c'),
      use(price, 4, 'd'),
      use(price, 1, 'e'),
    ]);
    const { operations, overflowed } = await store.read();
    expect(overflowed).toBe(true);
    const other = operations.find(({ id }) => id === 'other');
    expect(other).toMatchObject({ used: ['Product.price'], possible: ['Color.RED'], uses: [{ count: 5 }] });
    expect(operations.find(({ id }) => id === 'a1')?.uses).toHaveLength(3);
  });

  test('forgets days that are older than the retention', async () => {
    time = NOON;
    const store = open(bounds);
    await store.add([use(shelf, 1, 'old')]);
    time = NOON + 20 * DAY_MS;
    await store.add([use(shelf, 1, 'new')]);
    time = NOON + 32 * DAY_MS;
    const { operations, since } = await store.read();
    expect(operations.flatMap(({ uses }) => uses.map(({ client }) => client))).toEqual(['new']);
    expect(since).toBe('2026-02-02T12:00:00.000Z');
    time = NOON;
  });
}

describe('usage in memory', () => {
  contract(memoryUsage);
});

describe.skipIf(!HAS_REDIS)('usage in Redis', () => {
  let server: RedisServer;
  let redis: SharedRedis;
  let prefix = 0;
  beforeAll(async () => {
    server = await startRedis();
    const settings = storeSection.parse({ redis: { url: server.url } }).redis;
    if (!settings) throw new Error('no settings');
    redis = await createRedis(
      { ...settings, timeout: 10_000, required_timeout: 10_000 },
      createLogger({ level: 'silent' }),
    );
  });
  afterAll(async () => {
    await redis.close();
    await server.close();
  });
  const open = (bounds: UsageBounds) => redisUsage({ ...redis, prefix: `{t${prefix++}}` }, bounds);

  contract(open);

  test('several gateways add up', async () => {
    const bounds = { retentionMs: DAY_MS, maxEntries: 100 };
    const shared = { ...redis, prefix: '{both}' };
    await redisUsage(shared, bounds).add([{ ...use(shelf, 2, 'web'), last: Date.now() }]);
    await redisUsage(shared, bounds).add([{ ...use(shelf, 3, 'web'), last: Date.now() }]);
    const { operations } = await redisUsage(shared, bounds).read();
    expect(operations[0]?.uses).toMatchObject([{ client: 'web', count: 5 }]);
  });

  test('all keys have a time to live', async () => {
    const keys = await redis.run((client) => client.keys('*:usage:*'));
    expect(keys.length).toBeGreaterThan(3);
    for (const key of keys) expect(await redis.run((client) => client.ttl(key)), key).toBeGreaterThan(0);
  });
});
