import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createGateway, createLogger } from '../../src/index.ts';
import { project } from '../cli/run-cli.ts';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';
import { HAS_REDIS, startRedis } from '../store/redis-server.ts';
import { httpWorld } from './http-world.ts';

/** One endpoint, `/bff/web/hello`, of which `search` may fail alone; `directive` stands on that field. */
async function endpoint(rateLimits: object, directive = '', clientFile = '') {
  const subgraph = await fakeSubgraph((_req, res) => {
    res.setHeader('content-type', 'application/json').end('{"data":{"hello":"you","search":"found"}}');
  });
  const dir = await project({
    'schemas/hello.graphql': `extend schema @subgraph(url: "${subgraph.url}")\ntype Query { hello: String search: String ${directive} }`,
    'bff/web/client.yaml': clientFile,
    'bff/web/hello.graphql': 'query Hello @endpoint(path: "/hello") { hello search @optional }',
  });
  const gateway = await createGateway({
    schemas: join(dir, 'schemas'),
    bff: join(dir, 'bff'),
    config: { rate_limits: rateLimits },
    logger: createLogger({ level: 'silent' }),
  });
  onTestFinished(() => gateway.close());
  const { url } = await gateway.listen({ port: 0, host: '127.0.0.1', lingerMs: 10 });
  return new URL('/bff/web/hello', url).href;
}

test('limits of whole requests hold for endpoints: each request counts, also where answers are shared', async () => {
  const url = await endpoint({ requests: [{ name: 'all', limit: 2, window: '1d' }] });
  const answers = await Promise.all([fetch(url), fetch(url), fetch(url), fetch(url)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429]);
  const served = answers.find(({ status }) => status === 200);
  expect(served?.headers.get('ratelimit-policy')).toBe('"all";q=2;w=86400');
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.headers.get('content-type')).toContain('application/problem+json');
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(40_000);
  expect(await refused?.json()).toMatchObject({ type: 'urn:headgate:problem:rate-limited', status: 429 });
});

describe('limits of all requests, of the client and of fields', () => {
  const all = { requests: [{ name: 'all', limit: 9, window: '1d' }] };
  const field = '@rateLimit(limit: 5, window: "1d", name: "search")';
  const client = 'rate_limit: { limit: 7, window: 1d }';

  test('are reported side by side', async () => {
    const { headers, status } = await fetch(await endpoint(all, field, client));
    expect(status).toBe(200);
    expect(headers.get('ratelimit-policy')).toBe('"all";q=9;w=86400, "web";q=7;w=86400, "search";q=5;w=86400');
    expect(headers.get('ratelimit')).toMatch(/^"all";r=8;t=\d+, "web";r=6;t=\d+, "search";r=4;t=\d+$/);
  });

  test('are reported to a client that has the response already, too', async () => {
    const url = await endpoint({}, field, client);
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    const again = await fetch(url, { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    expect(again.headers.get('ratelimit')).toMatch(/^"web";r=5;t=\d+, "search";r=3;t=\d+$/);
  });

  test('are not reported at all with `headers: false`, and hold', async () => {
    const url = await endpoint({ headers: false }, field, 'rate_limit: { limit: 1, window: 1d }');
    const answers = [await fetch(url), await fetch(url)];
    expect(answers.map(({ status }) => status)).toEqual([200, 429]);
    expect(answers.map(({ headers }) => headers.has('ratelimit') || headers.has('ratelimit-policy'))).toEqual([
      false,
      false,
    ]);
    expect(answers[1]?.headers.has('retry-after')).toBe(true);
  });
});

test('limits of fields hold for endpoints: a section that may fail alone is named in meta.partial', async () => {
  const url = await endpoint({}, '@rateLimit(limit: 1, window: "1d")');
  expect(await (await fetch(url)).json()).toEqual({ hello: 'you', search: 'found' });
  expect(await (await fetch(url)).json()).toEqual({
    hello: 'you',
    search: null,
    meta: {
      partial: [{ path: ['search'], code: 'RATE_LIMITED', message: expect.stringContaining('Too many requests') }],
    },
  });
});

const FILES = {
  'schemas/hello.graphql': 'extend schema @subgraph(url: "http://127.0.0.1:9") type Query { hello: String }',
  'bff/web/hello.graphql': 'query Hello @endpoint(path: "/hello") { hello }',
};

async function limited(rate: string, config: object) {
  const dir = await project({ ...FILES, 'bff/web/client.yaml': `rate_limit: ${rate}` });
  const gateway = await createGateway({
    schemas: join(dir, 'schemas'),
    bff: join(dir, 'bff'),
    config,
    logger: createLogger({ level: 'silent' }),
  });
  onTestFinished(() => gateway.close());
  const { url } = await gateway.listen({ port: 0, host: '127.0.0.1', lingerMs: 10 });
  return (headers?: Record<string, string>) => fetch(new URL('/bff/web/hello', url), { headers });
}

describe.skipIf(!HAS_REDIS)('rate_limit of a client, with Redis', () => {
  const redisAt = (url: string) => ({ store: { redis: { url, timeout: '5s' } } });

  test('two processes share it', async () => {
    const server = await startRedis();
    onTestFinished(() => server.close());
    const config = { ...redisAt(server.url), rate_limits: { store_timeout: '5s' } };
    const [a, b] = [
      await limited('{ limit: 2, window: 1d }', config),
      await limited('{ limit: 2, window: 1d }', config),
    ];
    const limits = [(await a()).headers.get('ratelimit'), (await b()).headers.get('ratelimit')];
    expect(limits).toEqual([expect.stringContaining('"web";r=1;'), expect.stringContaining('"web";r=0;')]);
    expect([(await a()).status, (await b()).status]).toEqual([429, 429]);
  });

  test('while Redis is unavailable, fail_closed refuses', async () => {
    const server = await startRedis();
    const ask = await limited('{ limit: 2, window: 1d }', {
      ...redisAt(server.url),
      rate_limits: { on_store_failure: 'fail_closed' },
    });
    await server.kill();
    const refused = await ask();
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ type: 'urn:headgate:problem:service-unavailable' });
  });
});

test('rate_limit by ip: a client with one IPv6 address has all of its /64', async () => {
  const config = { trusted_proxies: ['127.0.0.1'] };
  const ask = await limited('{ limit: 2, window: 1d, by: ip }', config);
  const from = async (address: string) => (await ask({ 'x-forwarded-for': address })).status;
  expect(await from('2001:db8:1:2::1')).not.toBe(429);
  expect(await from('2001:db8:1:2::2')).not.toBe(429);
  expect(await from('2001:db8:1:2::3')).toBe(429);
  expect(await from('2001:db8:1:3::1')).not.toBe(429);
});

/** Ways to announce a body, most of which then is empty. */
const BODIES = {
  none: '\r\n',
  'of no bytes': 'content-length: 0\r\n\r\n',
  'of no chunks': 'transfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'of no chunks, with a trailer': 'transfer-encoding: chunked\r\n\r\n0\r\nx-a: 1\r\n\r\n',
  'that is JSON': 'content-length: 2\r\n\r\n{}',
};

/** The status of the answer. */
async function rawPost(url: URL, headers: Record<string, string>, body: string): Promise<number> {
  const socket = connect(Number(url.port), url.hostname);
  const lines = Object.entries({ host: url.host, connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.write([`POST ${url.pathname} HTTP/1.1`, ...lines, body].join('\r\n'));
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return Number(answer.split(' ')[1]);
}

test('a page of another site cannot make a browser call an endpoint that takes all it needs from the URL', async () => {
  const subgraph = await fakeSubgraph((_req, res) => {
    res.setHeader('content-type', 'application/json').end('{"data":{"remove":true}}');
  });
  const dir = await project({
    'schemas/hello.graphql': `extend schema @subgraph(url: "${subgraph.url}")
      type Query { hello: String } type Mutation { remove(id: ID!): Boolean }`,
    'bff/web/remove.graphql':
      'mutation ($id: ID!) @endpoint(path: "/items/:id/remove", method: POST) { remove(id: $id) }',
  });
  const gateway = await createGateway({
    schemas: join(dir, 'schemas'),
    bff: join(dir, 'bff'),
    config: {},
    logger: createLogger({ level: 'silent' }),
  });
  onTestFinished(() => gateway.close());
  const { url } = await gateway.listen({ port: 0, host: '127.0.0.1', lingerMs: 10 });
  const form = { 'user-agent': 'Mozilla/5.0', 'content-type': 'application/x-www-form-urlencoded', cookie: 'token=t' };
  const post = (headers: Record<string, string>) =>
    fetch(new URL('/bff/web/items/7/remove', url), { method: 'POST', headers: { ...form, ...headers } });
  const forged = await post({ 'sec-fetch-site': 'cross-site' });
  expect(forged.status).toBe(400);
  expect(await forged.json()).toMatchObject({ type: 'urn:headgate:problem:csrf-error' });
  expect((await post({})).status).toBe(400);
  const types = [
    'text/plain',
    'TEXT/PLAIN ; charset=utf-8',
    'multipart/form-data; boundary=x',
    'text/plain;application/json',
    'text/plain, application/json',
    '',
  ];
  for (const type of types) {
    const headers = { ...form, 'content-type': type };
    for (const body of Object.values(BODIES)) {
      expect(await rawPost(new URL('/bff/web/items/7/remove', url), headers, body)).toBe(400);
    }
  }
  expect(subgraph.connections).toHaveLength(0);
  const own: Record<string, string>[] = [
    { 'sec-fetch-site': 'same-origin' },
    { 'content-type': 'application/json' },
    { 'x-csrf': '1' },
    { 'idempotency-key': 'k' },
    { authorization: 'Bearer t' },
  ];
  for (const headers of own) expect((await post(headers)).status).toBe(200);
  const program = await fetch(new URL('/bff/web/items/7/remove', url), {
    method: 'POST',
    headers: { 'user-agent': 'curl/8' },
  });
  expect(program.status).toBe(200);
});

test.each([
  ['a limit of a subgraph is none of the client', {}, 503],
  ['unless bff.error_status says so', { error_status: { RATE_LIMITED: 429 } }, 429],
])('%s', async (_, bff, status) => {
  const bffDir = join(await project({ 'bff/web/cart.graphql': '{ cart }' }), 'bff');
  const carts = { typeDefs: 'type Query { cart: Int }', resolvers: { Query: { cart: () => 3 } } };
  const config = { bff, rate_limits: { subgraphs: { carts: [{ limit: 1, window: '1d' }] } } };
  const { server } = await httpWorld({ carts }, { bffDir, config });
  const ask = () => fetch(new URL('/bff/web/cart', server.url));
  expect((await ask()).status).toBe(200);
  const refused = await ask();
  expect(refused.status).toBe(status);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(40_000);
  expect((await refused.json()).errors).toMatchObject([{ path: ['cart'], code: 'RATE_LIMITED' }]);
});
