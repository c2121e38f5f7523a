import { createHash, createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SignJWT } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { accessLogSection, clientAwarenessSection } from '../../src/config/sections/access-log.ts';
import { httpWorld } from '../gateway/http-world.ts';
import { plainEngine } from '../gateway/plain-engine.ts';
import { type LogLine, latch, post, serve } from '../gateway/serving.ts';
import { shopWorld } from '../policy/login/shop-world.ts';

const shop = {
  products: {
    typeDefs: `type Query { product: Product } type Product @key(fields: "id") { id: ID! name: String }`,
    resolvers: { Query: { product: () => ({ id: 'p1', name: 'Lamp' }) } },
  },
  stock: {
    typeDefs: `type Product @key(fields: "id") { id: ID! inStock: Int cost: Int @tag(name: "internal") }`,
    resolvers: { Product: { __resolveReference: () => ({ id: 'p1', inStock: 7 }) } },
  },
};

const SHELF = 'query Shelf { product { name inStock } }';

type AccessLog = Parameters<typeof accessLogSection.parse>[0];

function endpoints(): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-bff-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'web'));
  writeFileSync(
    join(dir, 'web', 'shelf.graphql'),
    'query Shelf @endpoint(path: "/shelf", cache: {maxAge: "1h"}) { product { name inStock } }',
  );
  return dir;
}

/** A gateway whose access log has the given settings, and what it has logged about requests. */
async function gateway(accessLog: AccessLog, config: Record<string, unknown> = {}, dev = false) {
  const world = await httpWorld(shop, {
    bffDir: endpoints(),
    dev,
    config: { ...config, telemetry: { access_log: accessLog, ...(config.telemetry as object) } },
  });
  const isOfRequest = ({ msg }: LogLine) => /request$|^(GET|POST) /.test(msg);
  const access = () => world.lines.filter(isOfRequest);
  /** Waits for so many lines, and returns the last one. */
  const line = async (count: number) => {
    await expect.poll(access).toHaveLength(count);
    return access()[count - 1] as LogLine;
  };
  return { ...world, access, line, origin: new URL(world.server.url).origin };
}

test('a line has exactly the configured fields', async () => {
  const { server, line } = await gateway({ fields: ['status', 'operation', 'method'] });
  await post(server.url, { query: SHELF });
  expect(await line(1)).toEqual({
    level: 'debug',
    time: expect.any(String),
    msg: 'request',
    method: 'POST',
    operation: 'Shelf',
    status: 200,
  });
});

test('a line says what the request did: its fetches, caches, bytes and phases', async () => {
  const { server, stop, line } = await gateway({
    fields: ['traceId', 'route', 'operationHash', 'subgraphs', 'cache', 'bytesIn', 'bytesOut', 'phases', 'errorCodes'],
  });
  const body = JSON.stringify({ query: SHELF });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const response = await post(server.url, body, { traceparent });
  const sent = (await response.arrayBuffer()).byteLength;
  const first = await line(1);
  expect(first).toMatchObject({
    traceId: '0af7651916cd43dd8448eb211c80319c',
    route: 'graphql',
    operationHash: createHash('sha256').update(SHELF).digest('hex'),
    subgraphs: {
      fetches: [
        { subgraph: 'products', status: 200, durationMs: expect.any(Number), bytes: expect.any(Number) },
        { subgraph: 'stock', status: 200, durationMs: expect.any(Number), bytes: expect.any(Number) },
      ],
    },
    cache: { plan: 'miss' },
    bytesIn: Buffer.byteLength(body),
    phases: {
      receive: expect.any(Number),
      parse: expect.any(Number),
      plan: expect.any(Number),
      execute: expect.any(Number),
      respond: expect.any(Number),
    },
  });
  expect(first).not.toHaveProperty('errorCodes');
  expect(Number(first.bytesOut)).toBeGreaterThan(sent);

  stop('stock');
  await post(server.url, body);
  expect(await line(2)).toMatchObject({
    cache: { plan: 'hit' },
    errorCodes: ['SUBREQUEST_HTTP_ERROR'],
    subgraphs: { fetches: [{ subgraph: 'products' }, { subgraph: 'stock', code: 'SUBREQUEST_HTTP_ERROR' }] },
  });
});

test('the body of a request without content-length is counted', async () => {
  const { server, line } = await gateway({ fields: ['bytesIn'] });
  const body = JSON.stringify({ query: SHELF });
  const parts = new Blob([body]).stream();
  const headers = { 'content-type': 'application/json' };
  await fetch(server.url, { method: 'POST', headers, body: parts, duplex: 'half' } as RequestInit);
  expect((await line(1)).bytesIn).toBe(Buffer.byteLength(body));
});

test('a request that shares the execution of another has its fetches, and says so', async () => {
  const { server, behave, calls, access, line } = await gateway({ fields: ['subgraphs', 'cache'] });
  const asked = latch();
  const answer = latch();
  behave('products', (req, res) => {
    asked.open();
    req.resume();
    void answer.promise.then(() => res.end('{"data":{"product":null}}'));
  });
  const body = JSON.stringify({ query: SHELF });
  const request =
    `POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n` +
    body;
  // both arrive at once: the second is read before the subgraph can answer the first
  const socket = connect(server.port, '127.0.0.1');
  socket.write(request + request);
  await asked.promise;
  answer.open();
  await line(2);
  socket.destroy();
  expect(calls.products).toBe(1);
  const shared = access().filter(({ cache }) => (cache as { inFlight?: string })?.inFlight === 'shared');
  expect(shared).toHaveLength(1);
  expect(shared[0]?.subgraphs).toMatchObject({ fetches: [{ subgraph: 'products', status: 200 }] });
});

test('the line of an endpoint says what the response cache did', async () => {
  const { origin, line } = await gateway({ fields: ['route', 'endpoint', 'cache', 'subgraphs', 'operation'] });
  await fetch(`${origin}/bff/web/shelf`);
  expect(await line(1)).toMatchObject({
    route: 'bff',
    endpoint: 'web/shelf',
    operation: 'Shelf',
    cache: { response: 'miss' },
    subgraphs: { fetches: [{ subgraph: 'products' }, { subgraph: 'stock' }] },
  });
  await fetch(`${origin}/bff/web/shelf`);
  const second = await line(2);
  expect(second.cache).toEqual({ response: 'hit' });
  expect(second).not.toHaveProperty('subgraphs');
});

test('a stream is one line, when it has ended', async () => {
  const { origin, access, line } = await gateway({ fields: ['path', 'status', 'subgraphs'] });
  const response = await fetch(`${origin}/bff/web/shelf`, { headers: { accept: 'text/event-stream' } });
  expect(await response.text()).toContain('event: done');
  expect(await line(1)).toMatchObject({
    path: '/bff/web/shelf',
    status: 200,
    subgraphs: { fetches: [{ subgraph: 'products' }, { subgraph: 'stock' }] },
  });
  expect(access()).toHaveLength(1);
});

test('a user is a keyed hash, and the subject only where the fields have it', async () => {
  const secret = 'a secret of the identity provider, long enough';
  const authentication = { router: { jwt: { jwks: [{ issuer: 'https://idp.example', secret }] } } };
  const key = 'a key of the access log';
  const { server, line } = await gateway({ fields: ['user'], user_hash_key: key }, { authentication });
  const token = await new SignJWT({ sub: 'ann@shop.example' })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('https://idp.example')
    .setExpirationTime('1h')
    .sign(Buffer.from(secret));
  await post(server.url, { query: SHELF }, { authorization: `Bearer ${token}` });
  const logged = await line(1);
  expect(logged.user).toBe(createHmac('sha256', key).update('ann@shop.example').digest('base64url'));
  expect(JSON.stringify(logged)).not.toContain('ann@');

  const open = await gateway({ fields: ['subject'] }, { authentication });
  await post(open.server.url, { query: SHELF }, { authorization: `Bearer ${token}` });
  expect((await open.line(1)).subject).toBe('ann@shop.example');
});

test('the hash of users needs a key', () => {
  const { error } = accessLogSection.safeParse({ fields: ['user'] });
  expect(error?.issues).toMatchObject([
    { path: ['user_hash_key'], message: expect.stringContaining('required for the field "user"') },
  ]);
});

const GIVING_ACCESS = ['cookie', 'idempotency-key', 'x-api-key', 'x-csrf', 'x-headgate-debug-token'];

test('chosen headers are logged, but no credentials, and no values that are redacted', async () => {
  const { origin, line } = await gateway({
    fields: ['query'],
    request_headers: ['user-agent', 'authorization', 'x-tenant', 'x-missing', ...GIVING_ACCESS],
    redact: { headers: ['x-tenant'], query_parameters: ['email'] },
  });
  const sent = { 'user-agent': 'kiosk/1', authorization: 'Basic c2VjcmV0', 'x-tenant': 'secret-tenant' };
  const secret = Object.fromEntries(GIVING_ACCESS.map((name) => [name, 'secret']));
  const query = 'page=2&EMAIL=secret@shop.example&access_token=secret&%61ccess_token=secret&flag';
  await fetch(`${origin}/bff/web/shelf?${query}`, { headers: { ...sent, ...secret } });
  const logged = await line(1);
  expect(logged.headers).toEqual({
    ...Object.fromEntries(GIVING_ACCESS.map((name) => [name, '[redacted]'])),
    'user-agent': 'kiosk/1',
    authorization: '[redacted]',
    'x-tenant': '[redacted]',
  });
  expect(logged.query).toBe('page=2&EMAIL=[redacted]&access_token=[redacted]&%61ccess_token=[redacted]&flag');
  expect(JSON.stringify(logged)).not.toMatch(/secret|c2Vj/);
});

const engine = plainEngine('type Query { hello: String }', { hello: () => 'hi' });

/** A gateway without a world, whose chance is given. */
async function sampled(share: string, chance: number) {
  const settings = accessLogSection.parse({ sampling: share });
  const clientNames = clientAwarenessSection.parse({});
  return serve({
    engine: () => engine,
    accessLog: { settings, clientNames, level: 'info', random: () => chance },
  });
}

test('a sample of requests is logged, and all with an error', async () => {
  const { url, lines } = await sampled('10%', 0.1);
  await post(url, { query: '{ hello }' });
  await post(url, { query: '{ nothing }' });
  await post(url, 'no JSON');
  await expect.poll(() => lines).toHaveLength(2);
  expect(lines).toMatchObject([
    { level: 'info', errorCodes: ['GRAPHQL_VALIDATION_FAILED'] },
    { level: 'info', status: 400, errorCodes: ['BAD_REQUEST'] },
  ]);
  const lucky = await sampled('10%', 0.09);
  await post(lucky.url, { query: '{ hello }' });
  await expect.poll(() => lucky.lines).toHaveLength(1);
});

test('requests that are refused or malformed are logged with their code, also under /bff', async () => {
  const { server, origin, access, line } = await gateway({
    fields: ['status', 'path', 'errorCodes', 'route'],
    level: 'info',
  });
  await post(server.url, SHELF, { 'content-type': 'text/plain' });
  await line(1);
  await fetch(`${origin}/nowhere`);
  await line(2);
  await fetch(`${origin}/bff/web/nothing`);
  await line(3);
  const socket = connect(server.port, '127.0.0.1');
  socket.write('hello there\r\n\r\n');
  await text(socket);
  await line(4);
  expect(access()).toMatchObject([
    { status: 415, path: '/graphql', errorCodes: ['UNSUPPORTED_MEDIA_TYPE'], route: 'graphql' },
    { status: 404, path: '/nowhere', errorCodes: ['NOT_FOUND'], route: 'other' },
    { status: 404, path: '/bff/web/nothing', errorCodes: ['NO_ENDPOINT'], route: 'bff' },
    { msg: 'malformed request', level: 'info', status: 400, errorCodes: ['BAD_REQUEST'] },
  ]);
});

test('a request to a login route is logged, without the code in its URL', async () => {
  const fields = ['path', 'query', 'status', 'errorCodes', 'route'];
  const { origin, lines } = await shopWorld({ telemetry: { access_log: { fields } } });
  await fetch(`${origin}/bff/web/login`, { redirect: 'manual' });
  await fetch(`${origin}/bff/web/callback?code=secret&state=secret`, { redirect: 'manual' });
  const access = () => lines.filter(({ msg }) => msg === 'request');
  await expect.poll(access).toHaveLength(2);
  expect(access()).toMatchObject([
    { path: '/bff/web/login', status: 302, route: 'bff' },
    {
      path: '/bff/web/callback',
      query: 'code=[redacted]&state=[redacted]',
      status: 400,
      errorCodes: [expect.stringMatching(/^[A-Z_]+$/)],
    },
  ]);
});

test('a request to a contract is one to GraphQL', async () => {
  const contract = { name: 'partner', path: '/graphql/partner', exclude: ['internal'] };
  const { origin, line } = await gateway({ fields: ['route', 'path'] }, { contracts: [contract] });
  await post(`${origin}/graphql/partner`, { query: SHELF });
  expect(await line(1)).toMatchObject({ route: 'graphql', path: '/graphql/partner' });
});

test('a successful health check is a line at debug only, unless the config wants more', async () => {
  const quiet = await gateway({ level: 'info' });
  await fetch(`${quiet.origin}/health`);
  expect((await quiet.line(1)).level).toBe('debug');
  const loud = await gateway({ level: 'info', health_checks: true });
  await fetch(`${loud.origin}/health`);
  expect((await loud.line(1)).level).toBe('info');
});

test('the access log can be off', async () => {
  const { server, lines } = await gateway({ enabled: false });
  await post(server.url, { query: SHELF });
  await post(server.url, { query: '{ nothing }' });
  expect(lines).toEqual([]);
});

test('in dev, a request is one line for people, and its response has Server-Timing', async () => {
  const { server, line } = await gateway({}, {}, true);
  const client = { 'graphql-client-name': 'web', 'graphql-client-version': '1.2' };
  const response = await post(server.url, { query: SHELF }, client);
  const logged = await line(1);
  expect(logged).toMatchObject({ level: 'info', requestId: response.headers.get('x-request-id') });
  expect(logged.msg).toMatch(/^POST \/graphql 200 in [\d.]+ ms, query Shelf, client web 1\.2, 2 fetches$/);
  expect(response.headers.get('server-timing')).toMatch(
    /^receive;dur=[\d.]+, parse;dur=[\d.]+, plan;dur=[\d.]+, execute;dur=[\d.]+, fetch_products;dur=[\d.]+, fetch_stock;dur=[\d.]+, total;dur=[\d.]+$/,
  );
});

test('in dev, a log in JSON has the configured fields', async () => {
  const { server, line } = await gateway({ fields: ['status'] }, { telemetry: { logging: { format: 'json' } } }, true);
  await post(server.url, { query: SHELF });
  expect(await line(1)).toMatchObject({ level: 'info', msg: 'request', status: 200 });
});

test('outside of dev, no response has Server-Timing', async () => {
  const { server } = await gateway({});
  const response = await post(server.url, { query: SHELF });
  expect(response.headers.has('server-timing')).toBe(false);
});
