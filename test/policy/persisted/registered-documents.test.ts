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
  async function twoProcesses() {
    const server = await startRedis();
    onTestFinished(() => server.close());
    const open = async () => {
      const settings = { url: server.url, key_prefix: 'test', timeout: 5_000 };
      const redis = await createRedis(settings, createLogger({ level: 'silent' }));
      onTestFinished(() => redis.close());
      return { redis, documents: registeredDocuments(apqSection.parse({}), redis) };
    };
    return { server, one: await open(), other: await open() };
  }

  test('what one process learns, the others know, for a day', async () => {
    const { one, other } = await twoProcesses();
    one.documents.set('hash', '{ hello }');
    await expect.poll(() => other.documents.get('hash')).toBe('{ hello }');
    expect(await one.redis.run((client) => client.pttl('{test}:apq:hash'))).toBeGreaterThan(86_000_000);
  });

  test('while it is away, each process knows its own', async () => {
    const { server, one, other } = await twoProcesses();
    await server.kill();
    one.documents.set('hash', '{ hello }');
    expect(await one.documents.get('hash')).toBe('{ hello }');
    expect(await other.documents.get('hash')).toBeUndefined();
  });
});
