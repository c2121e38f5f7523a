import { describe, expect, it, onTestFinished } from 'vitest';
import { createRedis, type SharedRedis, StoreUnavailable } from '../../src/store/redis.ts';
import { recordingLogger } from '../gateway/serving.ts';
import { HAS_REDIS, startRedis } from './redis-server.ts';

async function connected() {
  const server = await startRedis();
  onTestFinished(() => server.close());
  const { logger, lines } = recordingLogger();
  const redis = await createRedis({ url: server.url, key_prefix: 'test', timeout: 5_000 }, logger);
  onTestFinished(() => redis.close());
  const count = () => redis.run((client) => client.incr('count'));
  return { server, redis, count, said: () => lines.filter(({ level }) => level !== 'debug').map(({ msg }) => msg) };
}

/** Redis goes on, and answers nobody for a while; the result resolves once it answers again. */
async function pause(redis: SharedRedis, ms: number): Promise<() => Promise<unknown>> {
  await redis.run((client) => client.call('CLIENT', 'PAUSE', String(ms)) as Promise<unknown>);
  return () => redis.run((client) => client.ping(), 10_000);
}

const AWAY = 'Redis unavailable; continuing without it until it responds again';

describe.skipIf(!HAS_REDIS)('the shared Redis', () => {
  it('is given up after its budget, and used again by itself when it responds', async () => {
    const { server, redis, count, said } = await connected();
    expect([await count(), await count()]).toEqual([1, 2]);
    server.freeze();
    const answers = await Promise.allSettled(Array.from({ length: 5 }, count));
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    expect(redis.available).toBe(false);
    await expect(count()).rejects.toThrow(StoreUnavailable);
    server.resume();
    await expect.poll(() => count().catch(() => 0)).toBeGreaterThan(2);
    expect(redis.available).toBe(true);
    expect(said()).toEqual([AWAY, 'Redis available again']);
  });

  it('is used again after its server was killed and started anew', async () => {
    const { server, redis, count } = await connected();
    await count();
    await server.kill();
    await expect(count()).rejects.toThrow(StoreUnavailable);
    await expect.poll(() => redis.available).toBe(false);
    await server.restart();
    await expect.poll(() => count().catch(() => 0)).toBe(1);
    expect(redis.available).toBe(true);
  });

  it('may be away when the gateway starts', async () => {
    const server = await startRedis();
    onTestFinished(() => server.close());
    await server.kill();
    const { logger } = recordingLogger();
    const redis = await createRedis({ url: server.url, key_prefix: 'test', timeout: 5_000 }, logger);
    onTestFinished(() => redis.close());
    await expect(redis.run((client) => client.ping())).rejects.toThrow(StoreUnavailable);
    await server.restart();
    await expect.poll(() => redis.run((client) => client.ping()).catch(() => '')).toBe('PONG');
  });

  it('reads what has arrived while this process was busy, however long that was', async () => {
    const { redis, count } = await connected();
    await count();
    const answer = redis.run((client) => client.incr('count'), 20);
    // longer than the budget: what Redis answers meanwhile waits in the socket
    const until = performance.now() + 300;
    while (performance.now() < until);
    expect(await answer).toBe(2);
    expect(redis.available).toBe(true);
  });

  it('may be too slow for some, and fast enough for those who can wait longer', async () => {
    const { redis, count, said } = await connected();
    await count();
    const paused = await pause(redis, 500);
    const [short, long] = await Promise.allSettled([redis.run((client) => client.ping(), 10), count()]);
    expect(short).toMatchObject({ status: 'rejected', reason: { waitedMs: 10 } });
    expect(long).toMatchObject({ status: 'fulfilled', value: 2 });
    expect(said()).toEqual([]);
    await paused();
  });

  it('keeps who can wait from being refused when others have given up', async () => {
    const { server, redis, count, said } = await connected();
    await count();
    server.freeze();
    const impatient = Array.from({ length: 5 }, () => redis.run((client) => client.ping(), 10));
    await Promise.allSettled(impatient);
    expect(redis.available).toBe(false);
    await expect(redis.run((client) => client.ping(), 10)).rejects.toThrow(
      'Redis unavailable: Redis did not respond within 10 ms.',
    );
    const patient = count();
    server.resume();
    expect(await patient).toBe(2);
    await expect.poll(() => redis.run((client) => client.ping(), 10).catch(() => '')).toBe('PONG');
    expect(said()).toEqual([AWAY, 'Redis available again']);
  });

  it('tells mistakes in commands from being away', async () => {
    const { redis } = await connected();
    await redis.run((client) => client.set('text', 'a'));
    await expect(redis.run((client) => client.lpush('text', 'b'))).rejects.toThrow('WRONGTYPE');
    expect(redis.available).toBe(true);
  });
});
