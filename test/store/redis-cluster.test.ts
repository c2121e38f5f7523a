import { describe, expect, onTestFinished, test } from 'vitest';
import { createRedisLimiter } from '../../src/policy/rate-limits/redis-limiter.ts';
import { createRedis } from '../../src/store/redis.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { startCluster } from './redis-cluster-nodes.ts';
import { HAS_REDIS } from './redis-server.ts';

describe.skipIf(!HAS_REDIS)('a Redis Cluster', () => {
  test('decides limits with different keys in one command', async () => {
    const { urls } = await startCluster();
    const settings = { cluster: [...urls], key_prefix: 'test', timeout: 5_000 };
    const redis = await createRedis(settings, createLogger({ level: 'silent' }));
    onTestFinished(() => redis.close());
    const fallback = {
      check(): never {
        throw new Error('the cluster is there');
      },
    };
    const { check: ask } = createRedisLimiter({ redis, budgetMs: 5_000, fallback });
    const limit = { name: 'l', algorithm: 'TOKEN_BUCKET', limit: 1, windowMs: 60_000, capacity: 1 } as const;
    const check = (key: string) => ({ limit, key, weight: 1 });
    const question = { whole: [check('client'), check('everyone')], parts: [[check('search')], [check('report')]] };
    expect((await ask(question)).parts.flat().map(({ allowed }) => allowed)).toEqual([true, true]);
    expect((await ask(question)).whole.map(({ allowed }) => allowed)).toEqual([false, false]);
  });
});
