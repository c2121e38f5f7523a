import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FakeSubgraph, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { gatewayOver } from '../sources/stitched/gateway.ts';
import { admin, TOKEN } from './admin-client.ts';

/** A subgraph that answers `hello` with its name, or with an error for `bad`. */
async function named(name: string): Promise<FakeSubgraph & { fails: boolean }> {
  const state = { fails: false };
  const subgraph = await fakeSubgraph((request, response) => {
    request.resume().on('end', () => {
      const body = state.fails ? { data: { hello: null }, errors: [{ message: 'no' }] } : { data: { hello: name } };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    });
  });
  return Object.assign(state, subgraph);
}

const schema = (url: string, hint = '') =>
  `extend schema @subgraph(url: "${url}")\ntype Query { hello(n: Int): String ${hint} }`;

/** Addresses of clients; about half of them get a canary with a share of 50 %. */
const CLIENTS = Array.from({ length: 40 }, (_, at) => `192.0.2.${at}`);

async function world(canary: object = {}) {
  const [old, next] = [await named('old'), await named('next')];
  const gateway = await gatewayOver(
    { hello: schema(old.url, '@cacheControl(maxAge: 60)') },
    {
      admin: { listen: '127.0.0.1:0', token: TOKEN },
      telemetry: { metrics: { prometheus: { enabled: true } } },
      trusted_proxies: ['127.0.0.1'],
      cache_control: { enabled: true },
      supergraph: { listen: '127.0.0.1:0', canary: { share: '50%', duration: '1h', ...canary } },
    },
  );
  let n = 0;
  const askAs = async (client: string, query = `{ hello(n: ${n++}) }`) =>
    (await gateway.ask(query, { headers: { 'x-forwarded-for': client } })).data?.hello as string | null | undefined;
  const askAll = async () => Promise.all(CLIENTS.map((client) => askAs(client)));
  const change = (url: string, hint = '@cacheControl(maxAge: 60)') =>
    writeFile(join(gateway.dir, 'hello.graphql'), schema(url, hint));
  const messages = () => gateway.lines.map(({ msg }) => msg);
  const status = async () => (await admin(gateway.adminUrl, '/canary')).body;
  const started = () => expect.poll(async () => (await status()).canary).not.toBeNull();
  const metrics = async () => (await fetch(gateway.metricsUrl ?? '')).text();
  return { ...gateway, old, next, askAs, askAll, change, messages, status, started, metrics };
}

describe('a canary of a new supergraph', () => {
  it('serves about its share of the clients, and each client always gets the same one', async () => {
    const { next, askAll, change, started } = await world();
    expect(new Set(await askAll())).toEqual(new Set(['old']));
    await change(next.url);
    await started();
    const first = await askAll();
    const share = first.filter((answer) => answer === 'next').length;
    expect(share).toBeGreaterThan(8);
    expect(share).toBeLessThan(32);
    for (let round = 0; round < 3; round++) expect(await askAll()).toEqual(first);
  });

  it('is rolled back when its operations fail, and the log and the metrics say why', async () => {
    const { next, askAll, change, started, lines, status, metrics, askAs } = await world({ volume_threshold: 10 });
    await change(next.url);
    await started();
    next.fails = true;
    await askAll();
    await expect.poll(async () => (await status()).canary).toBeNull();
    expect(new Set(await askAll())).toEqual(new Set(['old']));
    const { last } = await status();
    expect(last).toMatchObject({
      outcome: 'rolled_back',
      reason: expect.stringMatching(/^10 of 10 operations failed/),
    });
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        msg: 'canary rolled back: all clients get the previous schema again',
        reason: last.reason,
      }),
    );
    const text = await metrics();
    expect(text).toContain('headgate_supergraph_canaries_total{outcome="started"} 1');
    expect(text).toContain('headgate_supergraph_canaries_total{outcome="rolled_back"} 1');
    // not tried again
    await askAs('192.0.2.1');
    expect((await status()).canary).toBeNull();
  });

  it('is rolled back for a field that it lacks: clients get validation errors', async () => {
    const { old, dir, started, status, askAs } = await world({ volume_threshold: 5 });
    await writeFile(
      join(dir, 'hello.graphql'),
      `extend schema @subgraph(url: "${old.url}")\ntype Query { other: String }`,
    );
    await started();
    for (const client of CLIENTS) await askAs(client, '{ hello }');
    expect((await status()).last).toMatchObject({ outcome: 'rolled_back' });
    expect(await Promise.all(CLIENTS.map((client) => askAs(client, '{ hello }')))).toEqual(CLIENTS.map(() => 'old'));
  });

  it('stays when both supergraphs fail alike', async () => {
    const { old, next, askAll, change, started, status } = await world({ volume_threshold: 10 });
    await change(next.url);
    await started();
    Object.assign(old, { fails: true });
    Object.assign(next, { fails: true });
    for (let round = 0; round < 3; round++) await askAll();
    const { canary } = await status();
    expect(canary.current.failed).toBe(canary.current.operations);
    expect(canary.canary.failed).toBe(canary.canary.operations);
    expect(canary.current.operations + canary.canary.operations).toBe(3 * CLIENTS.length);
  });

  it('serves all clients when its time is over', async () => {
    const { next, askAll, change, messages, status } = await world({ duration: '300ms' });
    await change(next.url);
    await expect.poll(messages).toContain('canary promoted');
    expect(messages()).toContain('serving a new schema');
    expect(new Set(await askAll())).toEqual(new Set(['next']));
    expect(await status()).toMatchObject({ canary: null, last: { outcome: 'promoted', reason: 'its time is over' } });
  });

  it('is promoted by an operator', async () => {
    const { next, askAll, change, started, adminUrl } = await world();
    await change(next.url);
    await started();
    expect((await admin(adminUrl, '/canary/promote', {})).body).toEqual({ applied: 1, processes: 1 });
    expect(new Set(await askAll())).toEqual(new Set(['next']));
    expect(await admin(adminUrl, '/canary/promote', {})).toMatchObject({
      status: 409,
      body: { type: 'urn:headgate:problem:no-canary' },
    });
  });

  it('is in GET /admin/schema while it runs, beside the schema of the other clients', async () => {
    const { next, change, started, status, adminUrl } = await world();
    const schemas = async () => (await admin(adminUrl, '/schema')).body;
    const before = await schemas();
    expect(before).toMatchObject({ sdl: expect.stringContaining('hello(n: Int): String'), canary: null });
    await change(next.url, '@deprecated(reason: "use hi")');
    await started();
    const { id } = (await status()).canary;
    const during = await schemas();
    expect(during).toEqual({ ...before, canary: { id, share: 0.5, sdl: expect.stringContaining('use hi') } });
    expect(id).not.toBe(before.id);
    await admin(adminUrl, '/canary/promote', {});
    await expect.poll(schemas).toEqual({ id, sdl: during.canary.sdl, canary: null });
  });

  it('is rolled back by an operator', async () => {
    const { next, askAll, change, started, adminUrl, status } = await world();
    await change(next.url);
    await started();
    expect((await admin(adminUrl, '/canary/roll-back', {})).status).toBe(200);
    expect(new Set(await askAll())).toEqual(new Set(['old']));
    expect((await status()).last).toMatchObject({ outcome: 'rolled_back', reason: 'requested by an operator' });
  });

  it('ends when the files are what they were before', async () => {
    const { old, next, askAll, change, started, status } = await world();
    await change(next.url);
    await started();
    await change(old.url);
    await expect.poll(async () => (await status()).last).toMatchObject({ outcome: 'replaced' });
    expect(new Set(await askAll())).toEqual(new Set(['old']));
  });

  it('is not started for the supergraph that all clients have, when files are what they were before', async () => {
    const { old, next, askAll, change, started, status, messages, metrics, ...gateway } = await world();
    await change(next.url);
    await started();
    await admin(gateway.adminUrl, '/canary/roll-back', {});
    await change(old.url);
    await expect.poll(messages).toContain('serving a new schema');
    expect((await status()).canary).toBeNull();
    expect(new Set(await askAll())).toEqual(new Set(['old']));
    expect(await metrics()).toContain('headgate_supergraph_canaries_total{outcome="started"} 1');
  });

  it('is no reason to report a bad schema, once the files are good again', async () => {
    const { next, change, started, messages, metrics, ...gateway } = await world();
    await writeFile(join(gateway.dir, 'hello.graphql'), 'type {');
    await expect.poll(messages).toContain('the schema has problems; the last good one keeps serving');
    expect(await metrics()).toContain('headgate_schema_good 0');
    await change(next.url);
    await started();
    expect(await metrics()).toContain('headgate_schema_good 1');
  });

  it('is replaced by a newer supergraph, which is compared with the same one', async () => {
    const { next, askAll, change, started, status } = await world();
    const newest = await named('newest');
    await change(next.url);
    await started();
    await change(newest.url);
    await expect.poll(async () => (await status()).last).toMatchObject({ outcome: 'replaced' });
    expect(new Set(await askAll())).toEqual(new Set(['old', 'newest']));
  });

  it('serves other clients than the canary before it', async () => {
    const { next, askAll, change, started, status } = await world();
    const newest = await named('newest');
    await change(next.url);
    await started();
    const before = (await askAll()).map((answer) => answer === 'next');
    await change(newest.url);
    await expect.poll(async () => (await status()).last).toMatchObject({ outcome: 'replaced' });
    expect((await askAll()).map((answer) => answer === 'newest')).not.toEqual(before);
  });

  it('is private to its clients: caches must not keep its responses for others', async () => {
    const { url, next, change, started } = await world();
    await change(next.url);
    await started();
    const seen = new Map<string, Set<string | null>>();
    for (const client of CLIENTS) {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': client };
      const response = await fetch(url, { method: 'POST', headers, body: '{"query":"{ hello }"}' });
      const { data } = (await response.json()) as { data: { hello: string } };
      seen.set(data.hello, (seen.get(data.hello) ?? new Set()).add(response.headers.get('cache-control')));
    }
    expect(Object.fromEntries(seen)).toEqual({
      old: new Set(['public, max-age=60']),
      next: new Set(['private, max-age=60']),
    });
  });

  it('shares no query in flight with the current supergraph', async () => {
    const { next, old, change, started, askAs } = await world();
    await change(next.url);
    await started();
    // the same text at the same time
    const answers = await Promise.all(CLIENTS.map((client) => askAs(client, '{ hello(n: -1) }')));
    expect(new Set(answers)).toEqual(new Set(['old', 'next']));
    expect(await Promise.all(CLIENTS.map((client) => askAs(client, '{ hello(n: -1) }')))).toEqual(answers);
    expect([old.connections.length, next.connections.length].every((count) => count > 0)).toBe(true);
  });
});
