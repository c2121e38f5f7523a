import { describe, expect, onTestFinished, test } from 'vitest';
import { apqSection } from '../../../src/config/sections/persisted-queries.ts';
import { registeredDocuments } from '../../../src/policy/persisted/registered-documents.ts';
import { createRedis } from '../../../src/store/redis.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { HAS_REDIS, startRedis } from '../../store/redis-server.ts';

test('what is kept in memory has a bound, and the oldest goes first', () => {
  const documents = registeredDocuments(apqSection.parse({ max_bytes: 1_000 }), undefined);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) documents.set(name, `{ ${name} }`);
  expect([documents.get('a'), documents.get('f')]).toEqual([undefined, '{ f }']);
});

describe.skipIf(!HAS_REDIS)('with a Redis', () => {
  async function twoProcesses(settings: Record<string, unknown> = {}) {
    const server = await startRedis();
    onTestFinished(() => server.close());
    const open = async () => {
      const redis = await createRedis(
        { url: server.url, key_prefix: 'test', timeout: 5_000 },
        createLogger({ level: 'silent' }),
      );
      onTestFinished(() => redis.close());
      return { redis, documents: registeredDocuments(apqSection.parse(settings), redis) };
    };
    return { server, one: await open(), other: await open() };
  }

  test('what one process learns, the others know, for a day', async () => {
    const { one, other } = await twoProcesses();
    one.documents.set('hash', '{ hello }');
    await expect.poll(() => other.documents.get('hash')).toBe('{ hello }');
    expect(await one.redis.run((client) => client.pttl('{test}:apq:hash'))).toBeGreaterThan(86_000_000);
  });

  test('while it is unavailable, each process knows its own', async () => {
    const { server, one, other } = await twoProcesses();
    await server.kill();
    one.documents.set('hash', '{ hello }');
    expect(await one.documents.get('hash')).toBe('{ hello }');
    expect(await other.documents.get('hash')).toBeUndefined();
  });

  test('what all processes keep there has a bound, and what was sent longest ago goes first', async () => {
    const { one, other } = await twoProcesses({ max_bytes: 1_000 });
    const text = (i: number) => `{ f${i} } #${'x'.repeat(300)}`;
    const kept = async () => {
      const keys = await one.redis.run((client) => client.keys('{test}:apq:*'));
      return keys.map((key) => key.slice('{test}:apq:'.length)).sort();
    };
    for (const [i, hash] of ['z', 'a', 'b'].entries()) {
      (i === 1 ? other : one).documents.set(hash, text(i));
      await expect.poll(kept).toContain(hash);
    }
    for (const [i, hash] of ['z', 'c', 'd'].entries()) one.documents.set(hash, text(i));
    await expect.poll(kept).toEqual(['c', 'd', 'z']);
    expect(await one.redis.run((client) => client.get('{test}:apq-bytes'))).toBe(`${3 * text(1).length}`);
    one.documents.set('large', 'x'.repeat(2_000));
    await expect.poll(kept).toEqual([]);
  });

  test('what has gone by itself no longer counts', async () => {
    const { one } = await twoProcesses({ max_bytes: 1_000, ttl: '40ms' });
    const bytes = () => one.redis.run((client) => client.get('{test}:apq-bytes'));
    one.documents.set('a', 'x'.repeat(400));
    await expect.poll(() => one.redis.run((client) => client.exists('{test}:apq:a'))).toBe(0);
    one.documents.set('b', 'x'.repeat(50));
    await expect.poll(bytes).toBe('50');
  });
});
