import { describe, expect, onTestFinished, test } from 'vitest';
import { createRedisKeyStore } from '../../src/bff/idempotency/idempotency.ts';
import { createRedisLimiter } from '../../src/policy/rate-limits/redis-limiter.ts';
import { createRedis } from '../../src/store/redis.ts';
import { redisMessages } from '../../src/store/redis-messages.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { startCluster } from './redis-cluster-nodes.ts';
import { HAS_REDIS } from './redis-server.ts';

const logger = createLogger({ level: 'silent' });

function settingsOf(cluster: readonly string[]) {
  return { cluster: [...cluster], key_prefix: 'test', timeout: 5_000, required_timeout: 5_000 };
}

async function connect(cluster: readonly string[]) {
  const redis = await createRedis(settingsOf(cluster), logger);
  onTestFinished(() => redis.close());
  return redis;
}

describe.skipIf(!HAS_REDIS)('a Redis Cluster', () => {
  test('decides limits with different keys in one command', async () => {
    const { urls } = await startCluster();
    const redis = await connect(urls);
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

  test('has keys of requests, each claimed once', async () => {
    const { urls } = await startCluster();
    const [one, other] = [await connect(urls), await connect(urls.slice(2))].map(createRedisKeyStore);
    for (let i = 0; i < 20; i++) {
      const record = { payload: `p${i}` };
      expect(await one?.claim(`key ${i}`, record, 10_000)).toBe(undefined);
      expect(await other?.claim(`key ${i}`, { payload: 'other' }, 10_000)).toEqual(record);
    }
  });

  test('delivers messages, and says that some may be missing when the node that delivers them is gone', async () => {
    const { urls, nodes } = await startCluster();
    const open = async (cluster: readonly string[]) => {
      const messages = await redisMessages(settingsOf(cluster), await connect(cluster), logger);
      onTestFinished(() => messages.close());
      await expect.poll(() => messages.isConnected).toBe(true);
      return messages;
    };
    const [receiver, sender] = [await open(urls), await open(urls.slice(2))];
    const received: string[] = [];
    let gaps = 0;
    receiver.subscribe('topic', (text) => void received.push(text));
    receiver.onGap(() => void gaps++);
    sender.publish('topic', 'one');
    await expect.poll(() => received).toEqual(['one']);
    await nodes[0]?.kill();
    await expect.poll(() => gaps).toBeGreaterThan(0);
    const arrives = async () => {
      sender.publish('topic', 'two');
      return received.includes('two');
    };
    await expect.poll(arrives, { timeout: 20_000 }).toBe(true);
    expect(receiver.isConnected).toBe(true);
  });
});
