import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { HAS_REDIS, startRedis } from '../store/redis-server.ts';
import { counted as countedIn } from './counted.ts';
import { type HttpWorld, httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const shop = {
  shop: {
    typeDefs: `
      type Query { hello: String  me: User  search(text: String): [String] }
      type User { name: String  email: String @authenticated }
    `,
    resolvers: {
      Query: { hello: () => 'hi', me: () => ({ name: 'Ada', email: 'ada@shop.example' }), search: () => ['found'] },
    },
  },
};

const ON = { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } };

const world = (config: Record<string, unknown> = {}, more: { bffDir?: string } = {}) =>
  httpWorld(shop, { config: { telemetry: ON, ...config }, ...more });

const counted = ({ server }: HttpWorld, name: string) => countedIn(server, name);

const refusals = (of: HttpWorld) => counted(of, 'headgate_policy_refusals_total');

const ask = ({ server }: HttpWorld, query: string, headers: Record<string, string> = {}) =>
  post(server.url, { query }, headers);

describe('where metrics are off', () => {
  test('there is no admin listener', async () => {
    expect((await httpWorld(shop)).server.metricsUrl).toBeUndefined();
  });
});

describe('what the gateway does', () => {
  test('requests by route and status, fetches by subgraph, operations that were known', async () => {
    const shopWorld = await world();
    await ask(shopWorld, '{ hello }');
    await ask(shopWorld, '{ hello }');
    await fetch(new URL('/health', shopWorld.server.url));
    await fetch(new URL('/nowhere', shopWorld.server.url));
    // noted a moment after the client has its answer
    await vi.waitFor(async () => {
      const requests = { 'graphql 200': 2, 'health 200': 1, 'other 404': 1 };
      expect(await counted(shopWorld, 'headgate_http_requests_total')).toEqual(requests);
    });
    expect(await counted(shopWorld, 'headgate_http_request_duration_seconds_count')).toMatchObject({ graphql: 2 });
    expect(await counted(shopWorld, 'headgate_subgraph_requests_total')).toEqual({ 'shop 200': 2 });
    expect(await counted(shopWorld, 'headgate_subgraph_request_duration_seconds_count')).toEqual({ shop: 2 });
    expect(await counted(shopWorld, 'headgate_operation_cache_lookups_total')).toEqual({ hit: 1, miss: 1 });
    expect(await counted(shopWorld, 'process_cpu_seconds_total')).toEqual({ '': expect.any(Number) });
  });

  test('subgraphs that fail, by code', async () => {
    const shopWorld = await world();
    shopWorld.behave('shop', (_req, res) => res.writeHead(500).end('broken'));
    await ask(shopWorld, '{ hello }');
    shopWorld.stop('shop');
    await ask(shopWorld, '{ hello }');
    expect(await counted(shopWorld, 'headgate_subgraph_errors_total')).toEqual({ 'shop SUBREQUEST_HTTP_ERROR': 2 });
  });

  test('changes of the schema, good and bad', async () => {
    const shopWorld = await world();
    shopWorld.update(`${shopWorld.supergraphSdl}\n# another one`);
    shopWorld.update('type Query { this: IsNone }');
    await expect.poll(() => counted(shopWorld, 'headgate_schema_reloads_total')).toEqual({ good: 1, bad: 1 });
    expect(await counted(shopWorld, 'headgate_schema_good')).toEqual({ '': 0 });
    shopWorld.update(shopWorld.supergraphSdl);
    await expect.poll(() => counted(shopWorld, 'headgate_schema_good')).toEqual({ '': 1 });
  });

  test.skipIf(!HAS_REDIS)('whether Redis is there, and what is refused because it is not', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const rate_limits = { requests: [{ limit: 100 }], on_store_failure: 'fail_closed', store_timeout: '5s' };
    const shopWorld = await world({ store: { redis: { url: redis.url } }, rate_limits });
    expect((await ask(shopWorld, '{ hello }')).status).toBe(200);
    expect(await counted(shopWorld, 'headgate_redis_up')).toEqual({ '': 1 });
    await redis.kill();
    await vi.waitFor(async () => expect(await counted(shopWorld, 'headgate_redis_up')).toEqual({ '': 0 }));
    expect((await ask(shopWorld, '{ hello }')).status).toBe(503);
    expect(await refusals(shopWorld)).toEqual({ 'rate_limits.requests store_unavailable enforce': 1 });
  });
});

describe('what policies refuse', () => {
  test('limits, by name, each time; with warn_only what they would refuse', async () => {
    const limits = { max_aliases: 1, max_root_fields: 1, http_max_url_bytes: 300, http_max_request_bytes: 500 };
    const strict = await world({ limits });
    for (let i = 0; i < 2; i++) await ask(strict, '{ a: hello b: hello }');
    await ask(strict, `{ hello } # ${'x'.repeat(500)}`);
    await fetch(`${strict.server.url}?${'x'.repeat(400)}`);
    expect(await refusals(strict)).toEqual({
      'limits max_aliases enforce': 2,
      'limits max_root_fields enforce': 2,
      'limits http_max_request_bytes enforce': 1,
      'limits http_max_url_bytes enforce': 1,
    });
    const watching = await world({ limits: { ...limits, warn_only: true } });
    for (let i = 0; i < 3; i++) await ask(watching, '{ a: hello b: hello }');
    await ask(watching, '{ hello }');
    expect(await refusals(watching)).toEqual({ 'limits max_aliases measure': 3, 'limits max_root_fields measure': 3 });
  });

  test('fields that may not be read', async () => {
    const query = '{ me { name email } }';
    const modes = [{}, { dry_run: true }, { reject_unauthorized: true }];
    const worlds = await Promise.all(modes.map((directives) => world({ authorization: { directives } })));
    for (const shopWorld of worlds) {
      await ask(shopWorld, query);
      await ask(shopWorld, '{ me { name } }');
    }
    expect(await Promise.all(worlds.map(refusals))).toEqual([
      { 'authorization field enforce': 1 },
      { 'authorization field measure': 1 },
      { 'authorization operation enforce': 1 },
    ]);
  });

  test('rate limits, by what they are about and their name', async () => {
    const shopWorld = await world({
      rate_limits: {
        requests: [{ name: 'per-client', limit: 5, window: '1h' }],
        operations: { Hello: [{ limit: 1, window: '1h' }] },
        fields: { 'Query.search': [{ limit: 1, window: '1h' }] },
        subgraphs: { shop: [{ limit: 3, window: '1h' }] },
      },
    });
    await ask(shopWorld, '{ search }');
    await ask(shopWorld, '{ search }');
    for (let i = 0; i < 2; i++) await ask(shopWorld, 'query Hello { hello }');
    await ask(shopWorld, '{ hello }');
    await ask(shopWorld, '{ me { name } }');
    await ask(shopWorld, '{ hello }');
    expect(await refusals(shopWorld)).toEqual({
      'rate_limits.fields Query.search enforce': 1,
      'rate_limits.operations Hello enforce': 1,
      'rate_limits.subgraphs shop enforce': 1,
      'rate_limits.requests per-client enforce': 1,
    });
  });

  test('rate limits that only measure: everything is answered at once, and no response has headers of limits', async () => {
    const bffDir = folderOf({
      'web/client.yaml': 'rate_limit: { limit: 1, window: 1h }',
      'web/hello.graphql': 'query Hello @endpoint(path: "/hello") { hello }',
    });
    const rate_limits = {
      mode: 'measure',
      requests: [{ name: 'per-client', limit: 3, window: '1h' }],
      fields: { 'Query.search': [{ limit: 1, window: '1h', algorithm: 'LEAKY_BUCKET' }] },
    };
    const shopWorld = await world({ rate_limits }, { bffDir });
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(await ask(shopWorld, '{ search }'));
    for (let i = 0; i < 2; i++) answers.push(await fetch(new URL('/bff/web/hello', shopWorld.server.url)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(answers.filter(({ headers }) => headers.has('ratelimit'))).toEqual([]);
    expect(await answers[2]?.json()).toEqual({ data: { search: ['found'] } });
    expect(await refusals(shopWorld)).toEqual({
      'rate_limits.fields Query.search measure': 1,
      'rate_limits.requests per-client measure': 2,
      'bff.rate_limit web measure': 1,
    });
  });

  test('demand control, enforced and measured', async () => {
    const strategy = { static_estimated: { max: 0 } };
    const worlds = await Promise.all(
      ['enforce', 'measure'].map((mode) => world({ demand_control: { enabled: true, mode, strategy } })),
    );
    for (const shopWorld of worlds) await ask(shopWorld, '{ me { name } }');
    expect(await Promise.all(worlds.map(refusals))).toEqual([
      { 'demand_control cost enforce': 1 },
      { 'demand_control cost measure': 1 },
    ]);
  });

  test('operations that are not in the list', async () => {
    const manifest = [join(folderOf({ 'list.json': JSON.stringify({ h: '{ hello }' }) }), 'list.json')];
    const measured = await world({ persisted_queries: { enabled: true, manifest, log_unknown: true } });
    const safelist = { enabled: true };
    const listed = await world({ persisted_queries: { enabled: true, manifest, safelist } });
    const named = await world({
      persisted_queries: { enabled: true, manifest, safelist: { ...safelist, require_id: true } },
    });
    for (const shopWorld of [measured, listed, named]) {
      await ask(shopWorld, '{ hello }');
      await ask(shopWorld, '{ me { name } }');
    }
    expect(await refusals(measured)).toEqual({ 'persisted_queries not_in_list measure': 1 });
    expect(await refusals(listed)).toEqual({ 'persisted_queries not_in_list enforce': 1 });
    expect(await refusals(named)).toEqual({ 'persisted_queries no_id enforce': 2 });
  });

  test('what may come from pages of other sites, from other addresses, or in batches', async () => {
    const shopWorld = await world({
      cors: { policies: [{ origins: ['https://shop.example'] }] },
      ip_lists: { routes: { '/bff': { deny: ['127.0.0.1'] } } },
    });
    const { url } = shopWorld.server;
    await fetch(`${url}?query={hello}`, { headers: { 'user-agent': 'Mozilla/5.0' } });
    await ask(shopWorld, '{ hello }', { origin: 'https://other.example' });
    await ask(shopWorld, '{ hello }', { origin: new URL(url).origin });
    await fetch(url, {
      method: 'OPTIONS',
      headers: { origin: 'https://other.example', 'access-control-request-method': 'POST' },
    });
    await fetch(new URL('/bff/web', url));
    await post(url, [{ query: '{ hello }' }]);
    expect(await refusals(shopWorld)).toEqual({
      'csrf forgeable enforce': 1,
      'cors origin enforce': 1,
      'cors preflight enforce': 1,
      'ip_lists address enforce': 1,
      'batching disabled enforce': 1,
    });
  });

  test('credentials, by what is wrong with them, and addresses that have sent too many', async () => {
    const router = { jwt: { jwks: [{ secret: 'a secret of thirty-two characters' }] } };
    const failed_attempts = { limit: 2, window: '1h' };
    const shopWorld = await world({ authentication: { router, failed_attempts, require_authentication: true } });
    const forged = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.e30.AAAA`;
    for (const authorization of ['Bearer none', `Bearer ${forged}`, `Bearer ${forged}x`])
      await ask(shopWorld, '{ hello }', { authorization });
    await ask(shopWorld, '{ hello }');
    expect(await refusals(shopWorld)).toEqual({
      'authentication malformed enforce': 1,
      'authentication forged enforce': 1,
      'authentication.failed_attempts throttled enforce': 1,
      'authentication missing enforce': 1,
    });
    expect(await counted(shopWorld, 'headgate_throttled_addresses_total')).toEqual({ '': 1 });
  });

  test('whatever clients write, there is no label of it but names of operations and clients', async () => {
    const shopWorld = await world();
    const headers = { 'x-request-id': 'Evil_Id', 'apollographql-client-version': 'Evil_Version' };
    await ask(shopWorld, 'query Evil_Name { hello }', { ...headers, 'apollographql-client-name': 'Evil_Client' });
    await fetch(new URL('/Evil_Path', shopWorld.server.url));
    await ask(shopWorld, 'query Evil_Invalid { Evil_Field }');
    await vi.waitFor(async () => {
      const text = await (await fetch(shopWorld.server.metricsUrl ?? '')).text();
      expect(new Set(text.match(/Evil_\w+/g))).toEqual(new Set(['Evil_Name', 'Evil_Client']));
    });
    const off = { operation_names: { enabled: false }, client_names: { enabled: false } };
    const closed = await world({ telemetry: { metrics: { ...ON.metrics, ...off } } });
    await ask(closed, 'query Evil_Name { hello }', { 'apollographql-client-name': 'Evil_Client' });
    await vi.waitFor(async () =>
      expect(await counted(closed, 'headgate_operation_requests_total')).toEqual({ 'query ok': 1 }),
    );
    expect(await (await fetch(closed.server.metricsUrl ?? '')).text()).not.toContain('Evil');
  });
});

describe('endpoints', () => {
  const files = {
    'web/client.yaml': 'rate_limit: { limit: 3, window: 1h }\ncors: { origins: ["https://shop.example"] }\n',
    'web/hello.graphql': 'query Hello @endpoint(path: "/hello", cache: {maxAge: "1m"}) { hello }',
    'web/own.graphql': 'query Own @endpoint(path: "/own", auth: {required: true}) { me { name } }',
  };
  const TOKEN = 'a token to purge with';
  const purge = (url: URL | string, token = TOKEN) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: '{"tags":["web/hello"]}',
    });

  test('cached responses and refusals are counted', async () => {
    const shopWorld = await world({}, { bffDir: folderOf(files) });
    const get = (path: string) =>
      fetch(new URL(path, shopWorld.server.url), { headers: { origin: 'https://other.example' } });
    for (const path of ['/bff/web/hello', '/bff/web/hello', '/bff/web/own', '/bff/web/hello']) await get(path);
    expect(await counted(shopWorld, 'headgate_bff_cache_lookups_total')).toEqual({
      'web/hello hit': 1,
      'web/hello miss': 1,
    });
    expect(await refusals(shopWorld)).toEqual({
      'bff.cors origin enforce': 4,
      'bff.auth unauthenticated enforce': 1,
      'bff.rate_limit web enforce': 1,
    });
    await vi.waitFor(async () => {
      const requests = { 'bff 200': 2, 'bff 401': 1, 'bff 429': 1 };
      expect(await counted(shopWorld, 'headgate_http_requests_total')).toEqual(requests);
    });
  });

  test('cached responses are purged with the token, at the admin listener and at the port for clients', async () => {
    const shopWorld = await world({ bff: { purge_token: TOKEN } }, { bffDir: folderOf(files) });
    const admin = new URL('/bff/purge', shopWorld.server.metricsUrl);
    const hello = () => fetch(new URL('/bff/web/hello', shopWorld.server.url));
    await hello();
    expect((await purge(admin, 'another token')).status).toBe(401);
    expect(await (await purge(admin)).json()).toEqual({ purged: 1 });
    await hello();
    expect(await (await purge(new URL('/bff/purge', shopWorld.server.url))).json()).toEqual({ purged: 1 });
    const authentication = {
      router: { jwt: { jwks: [{ secret: 'a secret of thirty-two characters' }] } },
      require_authentication: true,
    };
    const guarded = await world({ authentication, bff: { purge_token: TOKEN } }, { bffDir: folderOf(files) });
    expect((await purge(new URL('/bff/purge', guarded.server.url))).status).toBe(200);
    expect((await purge(new URL('/bff/web/hello', guarded.server.url))).status).toBe(401);
    const closed = await world({}, { bffDir: folderOf(files) });
    expect((await purge(new URL('/bff/purge', closed.server.metricsUrl))).status).toBe(404);
  });
});

describe('the admin listener', () => {
  test('gives metrics as Prometheus reads them, and nothing else', async () => {
    const { server } = await world();
    const response = await fetch(server.metricsUrl ?? '');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toMatch(/^# TYPE headgate_http_requests_total counter$/m);
    expect((await fetch(server.metricsUrl ?? '', { method: 'POST' })).status).toBe(405);
    expect((await fetch(new URL('/graphql', server.metricsUrl))).status).toBe(404);
    expect((await fetch(new URL('/metrics', server.url))).status).toBe(404);
  });

  test('serves the addresses in ip_lists.admin', async () => {
    const { server } = await world({ ip_lists: { admin: { allow: ['10.0.0.0/8'] } } });
    expect((await fetch(server.metricsUrl ?? '')).status).toBe(403);
    expect((await post(server.url, { query: '{ hello }' })).status).toBe(200);
  });

  test('a port that is taken ends the start, with what to do', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const telemetry = { metrics: { prometheus: { enabled: true, listen: `127.0.0.1:${port}` } } };
    await expect(world({ telemetry })).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${port}: the port is in use. Another process listens there: end it, or choose another ` +
        'port with telemetry.metrics.prometheus.listen (0 takes any free one).',
    );
  });
});
