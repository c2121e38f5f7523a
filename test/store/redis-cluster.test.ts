import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRedisLimiter } from '../../src/policy/rate-limits/redis-limiter.ts';
import { createRedis } from '../../src/store/redis.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { HAS_REDIS, startRedis } from './redis-server.ts';

/** A cluster of one node: it insists as any cluster does that the keys of a command live in one slot. */
async function startCluster(): Promise<string> {
  const server = await startRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
  onTestFinished(() => server.close());
  const admin = new Redis(server.url);
  onTestFinished(() => admin.disconnect());
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await expect.poll(() => admin.call('CLUSTER', 'INFO')).toContain('cluster_state:ok');
  await expect(admin.mset('a', '1', 'b', '2')).rejects.toThrow('CROSSSLOT');
  return server.url;
}

describe.skipIf(!HAS_REDIS)('a Redis Cluster', () => {
  test('decides limits with different keys in one command', async () => {
    const settings = { cluster: [await startCluster()], key_prefix: 'test', timeout: 5_000 };
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
