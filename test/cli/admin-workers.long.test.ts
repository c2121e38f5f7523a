import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { admin } from '../gateway/admin-client.ts';
import { namedSubgraph, PATIENCE, startGateway } from './running-gateway.ts';

const SCHEMA = 'extend schema @subgraph(url: "http://127.0.0.1:1/graphql")\ntype Query { hello(n: Int): String }';

/** Three workers before two URLs of one subgraph. */
async function gatewayWithTwoUrls() {
  const [a, b] = [await namedSubgraph('a'), await namedSubgraph('b')];
  const config = `
subgraphs: { stock: { urls: [{ url: "${a.url}" }, { url: "${b.url}" }] } }
traffic_shaping: { all: { circuit_breaker: {} } }
`;
  const gateway = await startGateway(3, { 'schemas/stock.graphql': SCHEMA }, config);
  let n = 0;
  const send = (count: number) => Promise.all(Array.from({ length: count }, () => gateway.ask(`{ hello(n: ${n++}) }`)));
  return { ...gateway, a, b, send };
}

test('actions of the admin API reach all workers, and those that start later', async () => {
  const { adminUrl, a, b, send, workers, log } = await gatewayWithTwoUrls();
  const target = { subgraph: 'stock', url: a.url };
  for (const action of ['drain', 'trip'])
    expect((await admin(adminUrl, `/endpoints/${action}`, target)).body).toEqual({ applied: 3, processes: 3 });
  expect((await admin(adminUrl, '/endpoints/weight', { ...target, weight: 5 })).body.applied).toBe(3);
  await send(60);
  expect([a.requests(), b.requests()]).toEqual([0, 60]);

  for (const worker of workers()) process.kill(worker, 'SIGKILL');
  await vi.waitFor(async () => {
    const { body } = await admin(adminUrl, '/endpoints');
    expect(body).toMatchObject({ processes: 3, responded: 3 });
  }, PATIENCE);
  expect(log()).toContain('a worker was ended by SIGKILL');
  const { body } = await admin(adminUrl, '/endpoints');
  expect(body.endpoints[0]).toMatchObject({ url: a.url, drained: true, weight: 5, tripped: true });
  expect(body.endpoints[0].state).toEqual(Array(3).fill(expect.objectContaining({ circuit_breaker: 'open' })));
  await send(60);
  expect([a.requests(), b.requests()]).toEqual([0, 120]);

  await admin(adminUrl, '/endpoints/undrain', target);
  await admin(adminUrl, '/endpoints/reset', target);
  await vi.waitFor(async () => {
    await send(20);
    expect(a.requests()).toBeGreaterThan(0);
  }, PATIENCE);
});

test('a worker that does not respond is missing in the answer, and applies the action when it continues', async () => {
  const { adminUrl, a, workers } = await gatewayWithTwoUrls();
  const [stopped = 0] = workers();
  process.kill(stopped, 'SIGSTOP');
  const { body } = await admin(adminUrl, '/endpoints/drain', { subgraph: 'stock', url: a.url });
  expect(body).toEqual({ applied: 2, processes: 3 });
  process.kill(stopped, 'SIGCONT');
  await vi.waitFor(async () => {
    const { endpoints } = (await admin(adminUrl, '/endpoints')).body;
    expect(endpoints[0].state).toHaveLength(3);
    expect(endpoints[0].drained).toBe(true);
  }, PATIENCE);
});

test('an action that no worker can apply says why', async () => {
  const { adminUrl } = await gatewayWithTwoUrls();
  const unknown = await admin(adminUrl, '/endpoints/drain', { subgraph: 'stock', url: 'http://elsewhere/' });
  expect(unknown).toMatchObject({ status: 404, body: { type: 'urn:headgate:problem:unknown-endpoint' } });
});

const canarySchema = (url: string) => `extend schema @subgraph(url: "${url}")\ntype Query { hello(n: Int): String }`;

/** Three workers with canaries; `change` replaces the subgraph of the schema. */
async function gatewayWithCanary(canary: string) {
  const [old, next] = [await namedSubgraph('old'), await namedSubgraph('next')];
  const config = `
supergraph: { canary: { share: 99%, volume_threshold: 5, ${canary} } }
trusted_proxies: [127.0.0.1]
`;
  const gateway = await startGateway(3, { 'schemas/hello.graphql': canarySchema(old.url) }, config);
  const status = async () => (await admin(gateway.adminUrl, '/canary')).body;
  let n = 0;
  /** Asks as many clients, over new connections, and returns the answers. */
  const answers = async (count: number, alias = 'hello') => {
    const all = Array.from({ length: count }, () => gateway.ask(`{ ${alias}(n: ${n++}) }`, `192.0.2.${n % 250}`));
    return new Set((await Promise.all(all)).map((one) => (one as { data?: { hello?: unknown } }).data?.hello));
  };
  const change = (url: string) => writeFile(join(gateway.dir, 'schemas/hello.graphql'), canarySchema(url));
  const runsInAll = () =>
    vi.waitFor(async () => {
      const { log } = gateway;
      expect(log().match(/canary started/g)).toHaveLength(3);
      expect((await status()).canary).not.toBeNull();
    }, PATIENCE);
  return { ...gateway, old, next, status, answers, change, runsInAll };
}

test('one worker that sees errors rolls the canary back in all workers, and in those that start later', async () => {
  const { next, status, answers, change, runsInAll, workers, log } = await gatewayWithCanary('duration: 1h');
  await change(next.url);
  await runsInAll();
  expect(await answers(60)).toContain('next');
  next.fail();
  await vi.waitFor(async () => {
    await answers(20);
    expect((await status()).canary).toBeNull();
  }, PATIENCE);
  expect(await answers(60)).toEqual(new Set(['old']));
  expect((await status()).last).toMatchObject({ outcome: 'rolled_back' });
  for (const worker of workers()) process.kill(worker, 'SIGKILL');
  await vi.waitFor(() => expect(log().match(/a worker was ended by SIGKILL/g)).toHaveLength(3), PATIENCE);
  await vi.waitFor(async () => expect((await status()).responded).toBe(3), PATIENCE);
  expect(await answers(60)).toEqual(new Set(['old']));
});

test('a worker that starts during a canary takes part, and all promote it when its time is over', async () => {
  const { next, status, answers, change, runsInAll, workers, log } = await gatewayWithCanary('duration: 20s');
  await change(next.url);
  await runsInAll();
  const [victim = 0] = workers();
  process.kill(victim, 'SIGKILL');
  await vi.waitFor(() => expect(log().match(/canary started/g)).toHaveLength(4), PATIENCE);
  await vi.waitFor(async () => expect((await status()).last).toMatchObject({ outcome: 'promoted' }), PATIENCE);
  await vi.waitFor(() => expect(log().match(/canary promoted/g)).toHaveLength(3), PATIENCE);
  expect(await answers(100)).toEqual(new Set(['next']));
});

test('an operator promotes a canary in all workers', async () => {
  const { next, answers, change, runsInAll, adminUrl } = await gatewayWithCanary('duration: 1h');
  await change(next.url);
  await runsInAll();
  expect((await admin(adminUrl, '/canary/promote', {})).body).toEqual({ applied: 3, processes: 3 });
  expect(await answers(100)).toEqual(new Set(['next']));
  expect((await admin(adminUrl, '/canary/roll-back', {})).body).toMatchObject({ status: 409 });
});
