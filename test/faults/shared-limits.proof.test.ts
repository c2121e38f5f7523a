import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { project, startCli } from '../cli/run-cli.ts';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';
import { HAS_REDIS, startRedis } from '../store/redis-server.ts';
import { PATIENCE } from './gateway-process.ts';

const LIMIT = 500;
const REQUESTS = 900;
const AT_ONCE = 30;

/** Three gateways with one limit, in one Redis. Their commands have 1 second, and requests that cannot be counted are refused. */
async function threeGateways() {
  const redis = await startRedis();
  onTestFinished(() => redis.close());
  const subgraph = await fakeSubgraph((_req, res) => void res.end('{"data":{"hello":"you"}}'));
  const dir = await project({
    'schemas/hello.graphql': `extend schema @subgraph(url: "${subgraph.url}")\ntype Query { hello: String }`,
    'headgate.yaml': `
store: { redis: { url: "${redis.url}" } }
rate_limits:
  store_timeout: 1s
  on_store_failure: fail_closed
  requests: [{ limit: ${LIMIT}, window: 1d, by: [global] }]
`,
  });
  const gateways = [1, 2, 3].map(() => startCli(dir, ['start', '--port', '0']));
  const urls = await Promise.all(
    gateways.map(({ output }) =>
      vi.waitFor(
        () => /^Headgate listening on (http:\S+)$/m.exec(output.stdout)?.[1] ?? expect.fail(output.stdout),
        PATIENCE,
      ),
    ),
  );
  return { pids: gateways.map(({ pid }) => pid), urls };
}

async function statusOf(url: string): Promise<number> {
  const body = JSON.stringify({ query: '{ hello }' });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await response.text();
  return response.status;
}

describe.skipIf(!HAS_REDIS)('a limit that three gateways share', () => {
  test('is exact while each of them stands still for three times as long as a command may take', async () => {
    const { pids, urls } = await threeGateways();
    const counts: Record<number, number> = {};
    let asked = 0;
    const client = async () => {
      for (let n = asked++; n < REQUESTS; n = asked++) {
        const status = await statusOf(urls[n % urls.length] as string);
        counts[status] = (counts[status] ?? 0) + 1;
      }
    };
    const clients = Promise.all(Array.from({ length: AT_ONCE }, client));
    const stalls = (async () => {
      for (const [n, pid] of pids.entries()) {
        // the first at a quarter of the requests that pass, so that commands are under way
        await vi.waitFor(() => expect(asked).toBeGreaterThan(((n + 1) * LIMIT) / 4), PATIENCE);
        process.kill(pid, 'SIGSTOP');
        await sleep(3_000);
        process.kill(pid, 'SIGCONT');
      }
    })();
    await Promise.all([clients, stalls]);
    expect(counts).toEqual({ 200: LIMIT, 429: REQUESTS - LIMIT });
  });
});
