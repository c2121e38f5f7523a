import { expect, it, onTestFinished } from 'vitest';
import { RedisStore } from '../../src/cache/redis-store.ts';
import { createRedis } from '../../src/store/redis.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { HAS_REDIS, startRedis } from '../store/redis-server.ts';
import { entryOf } from './entry-of.ts';

it.skipIf(!HAS_REDIS)('a Redis without free memory stores nothing more, and still invalidates', async () => {
  const server = await startRedis();
  const settings = { url: server.url, key_prefix: 'full', timeout: 2_000, required_timeout: 2_000 };
  const redis = await createRedis(settings, createLogger({ level: 'silent' }));
  onTestFinished(async () => {
    await redis.close();
    await server.close();
  });
  const store = new RedisStore({ redis, timeoutMs: 2_000, compressFrom: 1_000 });
  const keys = ['old', 'other', 'new'];
  const texts = async () => (await store.get(keys)).entries.map((found) => found?.text);
  const { moment } = await store.get(keys);
  const stored = [['old', entryOf('1', ['x'])] as const, ['other', entryOf('2', ['y'])] as const];
  await store.set(stored, moment);

  await redis.run((client) => client.call('CONFIG', 'SET', 'maxmemory', '1'));
  await store.set([['new', entryOf('3', ['y'])]], moment);
  expect(await texts()).toEqual(['1', '2', undefined]);
  expect(await store.invalidate(['x'])).toBe(1);
  expect(await texts()).toEqual([undefined, '2', undefined]);

  await redis.run((client) => client.call('CONFIG', 'SET', 'maxmemory', '0'));
  // what was read before the invalidation is still not stored after it
  await store.set([['old', entryOf('1', ['x'])]], moment);
  expect(await texts()).toEqual([undefined, '2', undefined]);
});
