import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Limit } from '../../../src/policy/rate-limits/limit.ts';
import type { LimitDecisions, LimitQuery } from '../../../src/policy/rate-limits/limiter.ts';
import { createMemoryLimiter } from '../../../src/policy/rate-limits/memory-limiter.ts';
import { createRedisLimiter } from '../../../src/policy/rate-limits/redis-limiter.ts';
import { createRedis, type SharedRedis } from '../../../src/store/redis.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { HAS_REDIS, type RedisServer, startRedis } from '../../store/redis-server.ts';
import { anyLimit, START, triesFor } from './arbitrary.ts';

/** What one try asks: the same limits each time, the weights its own. */
const questionOf = (limits: readonly Limit[], weights: readonly number[], run: number): LimitQuery => {
  const checks = limits.map((limit, i) => ({ limit, key: `${run}-${i}`, weight: weights[i] ?? 1 }));
  const [first = [], ...parts] = [checks.slice(0, 2), checks.slice(2, 3), checks.slice(3)];
  return { whole: first, parts };
};

const withoutMeters = ({ whole, parts }: LimitDecisions) => {
  const reported = ({ allowed, remaining, resetMs, retryMs, delayMs }: LimitDecisions['whole'][number]) => {
    return { allowed, remaining, resetMs, retryMs, delayMs };
  };
  return { whole: whole.map(reported), parts: parts.map((part) => part.map(reported)) };
};

describe.skipIf(!HAS_REDIS)('limits in Redis', () => {
  let server: RedisServer;
  let redis: SharedRedis;

  beforeAll(async () => {
    server = await startRedis();
    const settings = { url: server.url, key_prefix: 'test', timeout: 5_000 };
    redis = await createRedis(settings, createLogger({ level: 'silent' }));
  });
  afterAll(async () => {
    await redis?.close();
    await server?.close();
  });

  const never = {
    check(): never {
      throw new Error('Redis is there');
    },
  };

  it('are decided as in memory, whatever is asked', async () => {
    let runs = 0;
    const scenario = fc
      .array(anyLimit, { minLength: 1, maxLength: 5 })
      .chain((limits) => fc.record({ limits: fc.constant(limits), tries: triesFor(limits[0] as Limit) }));
    await fc.assert(
      fc.asyncProperty(scenario, async ({ limits, tries }) => {
        const run = ++runs;
        let now = START;
        const memory = createMemoryLimiter({ now: () => now });
        const shared = createRedisLimiter({ redis, budgetMs: 5_000, fallback: never, now: () => now });
        for (const { after, weight } of tries) {
          now += after;
          const question = questionOf(limits, [weight, 1, weight], run);
          expect(withoutMeters(await shared.check(question))).toEqual(withoutMeters(memory.check(question)));
        }
      }),
      { numRuns: 60 },
    );
  });

  const once: Limit = { name: 'once', algorithm: 'TOKEN_BUCKET', limit: 1, windowMs: 60_000, capacity: 1 };

  it('go by the clock of the server, and their keys expire', async () => {
    const limiter = createRedisLimiter({ redis, budgetMs: 5_000, fallback: never });
    const question = { whole: [{ limit: once, key: 'expiring', weight: 1 }], parts: [] };
    expect((await limiter.check(question)).whole).toMatchObject([{ allowed: true, remaining: 0 }]);
    expect((await limiter.check(question)).whole).toMatchObject([{ allowed: false }]);
    const left = await redis.run((client) => client.pttl('{test}:rate:expiring'));
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  it('take one command for a request, however many limits it touches', async () => {
    const limiter = createRedisLimiter({ redis, budgetMs: 5_000, fallback: never });
    const check = (key: string) => ({ limit: { ...once, limit: 100, capacity: 100 }, key, weight: 1 });
    const question = { whole: ['a', 'b', 'c'].map(check), parts: [[check('d')], [check('e'), check('f')]] };
    await limiter.check(question);
    const evaluated = async () => {
      const text = await redis.run((client) => client.info('commandstats'));
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(text)?.[1]);
    };
    const before = await evaluated();
    await limiter.check(question);
    expect(await evaluated()).toBe(before + 1);
  });

  it('put all keys of a request into one slot of a cluster', async () => {
    const keys = await redis.run((client) => client.keys('*'));
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !key.startsWith('{test}:rate:'))).toEqual([]);
  });

  it('are loaded again into a server that has forgotten the script', async () => {
    const limiter = createRedisLimiter({ redis, budgetMs: 5_000, fallback: never });
    await redis.run((client) => client.script('FLUSH'));
    const answer = await limiter.check({ whole: [{ limit: once, key: 'after-flush', weight: 1 }], parts: [] });
    expect(answer.whole).toMatchObject([{ allowed: true }]);
  });
});
