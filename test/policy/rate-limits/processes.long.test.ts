import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { project, startCli } from '../../cli/run-cli.ts';
import { fakeSubgraph } from '../../sources/fake-subgraph.ts';
import { HAS_REDIS, type RedisServer, startRedis } from '../../store/redis-server.ts';

const LISTENING = /^Headgate listening on (http:\S+)$/m;
const PATIENCE = { timeout: 120_000, interval: 100 };

/** Three gateways over one Redis; `yaml` goes into their config. */
async function threeGateways(yaml: (redis: RedisServer) => string, directive = '') {
  const redis = await startRedis();
  onTestFinished(() => redis.close());
  const subgraph = await fakeSubgraph((_req, res) => {
    res.setHeader('content-type', 'application/json').end('{"data":{"hello":"you"}}');
  });
  const dir = await project({
    'schemas/hello.graphql': `extend schema @subgraph(url: "${subgraph.url}")\ntype Query { hello: String ${directive} }`,
    'headgate.yaml': yaml(redis),
  });
  const processes = [1, 2, 3].map(() => startCli(dir, ['start', '--port', '0']));
  const urls = await Promise.all(
    processes.map(({ output }) =>
      vi.waitFor(() => LISTENING.exec(output.stdout)?.[1] ?? expect.fail(output.stderr + output.stdout), PATIENCE),
    ),
  );
  return { redis, urls };
}

interface Answered {
  readonly status: number;
  readonly served: boolean;
}

async function ask(url: string): Promise<Answered> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ hello }' }),
  });
  const { data } = await response.json();
  return { status: response.status, served: data?.hello === 'you' };
}

const count = (answers: readonly Answered[]) => ({
  served: answers.filter(({ served }) => served).length,
  refused: answers.filter(({ status }) => status === 429).length,
});

describe.skipIf(!HAS_REDIS)('three processes and one Redis', () => {
  test('let through exactly as many requests as one would', async () => {
    // a busy machine is not a Redis that is gone
    const { urls } = await threeGateways(
      ({ url }) => `
store: { redis: { url: "${url}" } }
rate_limits:
  store_timeout: 30s
  requests: [{ limit: 70, window: 1d, by: [global] }]
`,
      '@rateLimit(limit: 25, window: "1d", by: ["global"])',
    );
    const answers = await Promise.all(Array.from({ length: 120 }, (_, i) => ask(urls[i % 3] as string)));
    expect(count(answers)).toEqual({ served: 25, refused: 50 });
    expect(answers.filter(({ status }) => status === 200).length).toBe(70);
  });

  test('answer every request while Redis is killed and comes back, and then count together again', async () => {
    const LIMIT = 40;
    const { redis, urls } = await threeGateways(
      ({ url }) => `
store: { redis: { url: "${url}" } }
rate_limits: { requests: [{ limit: ${LIMIT}, window: 1d, by: [global] }] }
`,
    );
    const asked: Promise<Answered>[] = [];
    let busy = true;
    const load = (async () => {
      while (busy) {
        for (const url of urls) asked.push(ask(url));
        await sleep(5);
      }
    })();
    await expect.poll(() => asked.length, PATIENCE).toBeGreaterThan(30);
    await redis.kill();
    const killedAt = asked.length;
    await expect.poll(() => asked.length, PATIENCE).toBeGreaterThan(killedAt + 150);
    await redis.restart();
    for (const url of urls) {
      const ready = url.replace('/graphql', '/ready');
      await expect.poll(async () => (await (await fetch(ready)).json()).store, PATIENCE).toBe('UP');
    }
    busy = false;
    await load;
    const answers = await Promise.all(asked);
    expect(answers.filter(({ status }) => status !== 200 && status !== 429)).toEqual([]);
    // once before, once in each process while it was away, once in the Redis that came back with nothing in it
    const { served } = count(answers);
    expect(served).toBeGreaterThan(LIMIT);
    expect(served).toBeLessThanOrEqual(LIMIT * 5);
  });
});
