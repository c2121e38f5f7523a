import { expect, test } from 'vitest';
import { configFileSchema } from '../../../src/config/config.ts';
import { createEngine } from '../../../src/pipeline/pipeline.ts';
import { createRateLimits } from '../../../src/policy/rate-limits/rate-limits.ts';
import { createWorld } from '../../worlds/world.ts';
import { START } from './arbitrary.ts';

test('fetches over the limit of their subgraph are not sent; what other subgraphs answer is served', async () => {
  const world = createWorld({
    subgraphs: {
      users: { typeDefs: 'type Query { me: String }', resolvers: { Query: { me: () => 'me' } } },
      posts: { typeDefs: 'type Query { latest: String }', resolvers: { Query: { latest: () => 'news' } } },
    },
  });
  const config = configFileSchema.parse({ rate_limits: { subgraphs: { posts: [{ limit: 1, window: '10s' }] } } });
  let now = START;
  const limits = createRateLimits(config.rate_limits, undefined, { now: () => now });
  const sources = new Map([...world.sources].map(([name, source]) => [name, limits.limitSource(source)]));
  const engine = createEngine({ supergraph: world.engine.supergraph, sources });
  const ask = async () => {
    const { dataText, errors } = await engine.execute({
      query: '{ me latest }',
      client: { requestId: 'r', headers: {} },
    });
    return { data: JSON.parse(dataText ?? ''), errors };
  };
  expect(await ask()).toEqual({ data: { me: 'me', latest: 'news' }, errors: [] });
  expect(await ask()).toEqual({
    data: { me: 'me', latest: null },
    errors: [
      {
        message: 'Too many requests to the subgraph "posts".',
        path: ['latest'],
        extensions: { code: 'RATE_LIMITED', reason: 'rate limit of the gateway', service: 'posts', retryAfter: 10 },
      },
    ],
  });
  expect(world.requests.map(({ subgraph }) => subgraph).sort()).toEqual(['posts', 'users', 'users']);
  now += 10_000;
  expect((await ask()).errors).toEqual([]);
});
