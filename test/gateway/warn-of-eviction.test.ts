import { describe, expect, it, onTestFinished } from 'vitest';
import { warnOfEviction } from '../../src/gateway/warn-of-eviction.ts';
import { createRedis } from '../../src/store/redis.ts';
import { shop } from '../cache/shop.ts';
import { HAS_REDIS, startRedis } from '../store/redis-server.ts';
import { recordingLogger } from './serving.ts';

describe.skipIf(!HAS_REDIS)('a Redis that may evict the tags of cached values', () => {
  it.each([
    ['warned of', ['--maxmemory', '10mb', '--maxmemory-policy', 'allkeys-lru'], 1],
    ['warned of', ['--maxmemory', '10mb', '--maxmemory-policy', 'volatile-ttl'], 1],
    ['not warned of without eviction', ['--maxmemory', '10mb'], 0],
    ['not warned of without a limit', ['--maxmemory-policy', 'allkeys-lru'], 0],
  ])('is %s: %s', async (_, flags, warnings) => {
    const server = await startRedis(...flags);
    const { logger, lines } = recordingLogger();
    const redis = await createRedis({ url: server.url, key_prefix: 'eviction', timeout: 2_000 }, logger);
    onTestFinished(async () => {
      await redis.close();
      await server.close();
    });
    await warnOfEviction(redis, logger);
    expect(lines.filter(({ msg }) => String(msg).includes('evicts keys'))).toHaveLength(warnings);
  });

  it('is warned of when the gateway starts with a cache in it', async () => {
    const server = await startRedis('--maxmemory', '10mb', '--maxmemory-policy', 'allkeys-lru');
    onTestFinished(() => server.close());
    const { lines } = await shop({ redis: { enabled: true } }, { store: { redis: { url: server.url } } });
    await expect.poll(() => lines.some(({ maxmemory_policy: policy }) => policy === 'allkeys-lru')).toBe(true);
  });
});
