import { describe, expect, onTestFinished, test } from 'vitest';
import { configFileSchema } from '../../../src/config/config.ts';
import { createRateLimits } from '../../../src/policy/rate-limits/rate-limits.ts';
import { createRedis } from '../../../src/store/redis.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { HAS_REDIS, startRedis } from '../../store/redis-server.ts';
import { createWorld } from '../../worlds/world.ts';

async function shop(rateLimits: Record<string, unknown>) {
  const server = await startRedis();
  onTestFinished(() => server.close());
  const settings = { url: server.url, key_prefix: 'test', timeout: 5_000 };
  const redis = await createRedis(settings, createLogger({ level: 'silent' }));
  onTestFinished(() => redis.close());
  const config = configFileSchema.parse({ rate_limits: { store_timeout: '5s', ...rateLimits } }).rate_limits;
  const world = createWorld({
    engine: { policies: [createRateLimits(config, redis).policy] },
    subgraphs: {
      shop: {
        typeDefs: 'type Query { me: String search: String }',
        resolvers: { Query: { me: () => 'me', search: () => 'found' } },
      },
    },
  });
  const ask = (query: string) =>
    world.engine.execute({ query, client: { requestId: 'r', headers: {}, ip: '192.0.2.1' } });
  return { server, ask };
}

describe.skipIf(!HAS_REDIS)('while Redis is unavailable', () => {
  const limits = { requests: [{ limit: 3 }], fields: { 'Query.search': [{ limit: 1 }] } };

  test('fail_open counts in the process', async () => {
    const { server, ask } = await shop(limits);
    await server.kill();
    expect(await ask('{ me search }')).toMatchObject({ dataText: '{"me":"me","search":"found"}', errors: [] });
    expect(await ask('{ me search }')).toMatchObject({ dataText: '{"me":"me","search":null}' });
    await ask('{ me }');
    expect(await ask('{ me }')).toMatchObject({ status: 429 });
  });

  test('fail_closed refuses what has a limit, and says that it will be counted again', async () => {
    const { server, ask } = await shop({ ...limits, on_store_failure: 'fail_closed' });
    await server.kill();
    const { status, errors, headers } = await ask('{ me }');
    expect([status, headers]).toEqual([503, { 'retry-after': '1' }]);
    expect(errors[0]?.extensions).toEqual({ code: 'SERVICE_UNAVAILABLE', retryAfter: 1 });
  });

  test('fail_closed leaves out fields, where only those have limits', async () => {
    const { server, ask } = await shop({ fields: limits.fields, on_store_failure: 'fail_closed' });
    await server.kill();
    const { dataText, errors } = await ask('{ me search }');
    expect(dataText).toBe('{"me":"me","search":null}');
    expect(errors).toEqual([
      {
        message: 'The rate limit of "search" cannot be counted right now. Try again later.',
        path: ['search'],
        extensions: { code: 'RATE_LIMITED', retryAfter: 1 },
      },
    ]);
  });

  test('a Redis that does not answer is waited for no longer than its budget', async () => {
    const { server, ask } = await shop({ ...limits, store_timeout: '20ms' });
    server.freeze();
    onTestFinished(() => server.resume());
    const answers = await Promise.all([ask('{ me }'), ask('{ me }'), ask('{ me }'), ask('{ me }')]);
    expect(answers.map(({ status = 200 }) => status).sort()).toEqual([200, 200, 200, 429]);
  });
});
