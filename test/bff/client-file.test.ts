import { relative } from 'node:path';
import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import type { BffOptions } from '../../src/bff/bff.ts';
import { loadEndpoints } from '../../src/bff/endpoints/endpoints.ts';
import { as, engineOver, folderOf, serveBff } from './support.ts';

const SDL = 'type Query { hello: String, slow: String }';
const ENDPOINT = { 'app/hello.graphql': '{ hello }' };

async function serve(yaml: string, options: Partial<BffOptions> & { files?: Record<string, string> } = {}) {
  const engine = engineOver(SDL, { hello: 'hi', slow: () => new Promise(() => {}) });
  const dir = folderOf({ ...ENDPOINT, ...options.files, 'app/client.yaml': yaml });
  return { ...(await serveBff({ dir, engine: () => engine, ...options })), engine };
}

test('each mistake is reported with its place, and nothing of the client is served', async () => {
  const yaml = 'auth:\n  requried: true\ncors:\n  origins: [shop.example]\nversions:\n  two: {}\n';
  const dir = folderOf({ ...ENDPOINT, 'app/client.yaml': yaml });
  const schema = { publicSchema: buildSchema(SDL), types: new Map(), cacheControl: [] };
  const { problems, endpoints } = await loadEndpoints(dir, schema);
  expect(endpoints).toEqual([]);
  expect(problems.map(({ file, line, message }) => `${relative(dir, file)}:${line} ${message}`)).toEqual([
    'app/client.yaml:2 Unknown key "auth.requried".',
    expect.stringContaining('app/client.yaml:4 cors.origins[0]: "shop.example" is not an origin'),
    expect.stringContaining('app/client.yaml:6 versions.two: expected a version such as "v2"'),
  ]);
  const engine = engineOver(SDL, {});
  const { call } = await serveBff({ dir, engine: () => engine });
  const { status, json } = await call('/bff/app/hello');
  expect([status, json.detail]).toEqual([
    503,
    'The settings of this client are invalid, so none of its endpoints are served.',
  ]);
});

test.each([
  ['cache: { vary: ["*"] }', 'cache.vary[0]: expected the name of a header'],
  [
    'cache: { vary: [te] }',
    'cache.vary[0]: expected the name of a request header: the header "te" belongs to the connection',
  ],
  [
    'cors: { origins: ["https://a.example"], credentials: true, allow_headers: ["*"] }',
    'cors.allow_headers[0]: with credentials',
  ],
  [
    'cors: { origins: ["https://a.example"], credentials: true, expose_headers: ["*"] }',
    'cors.expose_headers[0]: with credentials',
  ],
  ['headers: { request: { add: { host: shop } } }', 'headers.request.add.host: "host" belongs to one connection'],
  ['headers: { request: { add: { x-a: "€" } } }', 'headers.request.add.x-a: expected one line of Latin-1 text'],
  ['headers: { request: { strip: ["*"] } }', 'headers.request.strip[0]: expected the name of a header'],
  ['headers: { response: { add: { content-length: "2" } } }', '"content-length" belongs to one connection'],
  ['headers: { response: { add: { x-a: "a\\nb" } } }', 'headers.response.add.x-a: expected one line of Latin-1 text'],
  ['headers: { response: { strip: [x-a] } }', 'Unknown key "headers.response.strip"'],
])('%s could not be honoured', async (yaml, message) => {
  const dir = folderOf({ ...ENDPOINT, 'app/client.yaml': yaml });
  const schema = { publicSchema: buildSchema(SDL), types: new Map(), cacheControl: [] };
  const { problems, endpoints } = await loadEndpoints(dir, schema);
  expect(endpoints).toEqual([]);
  expect(problems.map((problem) => problem.message).join()).toContain(message);
});

test('without credentials, "*" stands for all headers', async () => {
  const { call } = await serve('cors: { origins: ["*"], allow_headers: ["*"], expose_headers: ["*"] }');
  const headers = { origin: 'https://shop.example', 'access-control-request-method': 'GET' };
  const preflight = await call('/bff/app/hello', { method: 'OPTIONS', headers });
  expect(preflight.headers.get('access-control-allow-headers')).toBe('*');
  const exposed = (await call('/bff/app/hello', { headers })).headers.get('access-control-expose-headers');
  expect(exposed?.split(', ')).toContain('*');
});

test('a link is written as a header can have it', async () => {
  const { call } = await serve('sunset: 2026-06-30\nlink: https://docs.example/€?<v2>');
  const { status, headers } = await call('/bff/app/hello');
  expect([status, headers.get('link')]).toEqual([200, '<https://docs.example/%E2%82%AC?%3Cv2%3E>; rel="sunset"']);
});

test('keys that headgate.yaml writes otherwise are reported with the name that they have here', async () => {
  const yaml = 'cors: { origins: ["https://a.example"], allow_credentials: true }\nrate_limit: { limit: 5, by: key }\n';
  const dir = folderOf({ ...ENDPOINT, 'app/client.yaml': yaml });
  const { problems } = await loadEndpoints(dir, { publicSchema: buildSchema(SDL), types: new Map(), cacheControl: [] });
  expect(problems.map(({ message, hint }) => [message, hint])).toEqual([
    ['Unknown key "cors.allow_credentials".', 'Did you mean "cors.credentials"?'],
    ['rate_limit.by: expected one of "client", "ip", "user" or "global"', undefined],
  ]);
});

test('a client.yml, which may be what protects the client, closes it', async () => {
  const engine = engineOver(SDL, { hello: 'hi' });
  const dir = folderOf({ ...ENDPOINT, 'app/client.yml': 'auth: { required: true }', 'web/hi.graphql': '{ hello }' });
  const { call } = await serveBff({ dir, engine: () => engine });
  expect((await call('/bff/app/hello')).status).toBe(503);
  expect((await call('/bff/web/hi')).json).toEqual({ hello: 'hi' });
});

test('who may call: for all endpoints of the client, and each over that', async () => {
  const files = { 'app/open.graphql': 'query @endpoint(auth: {required: false}) { hello }' };
  const { call } = await serve('auth: { required: true, kinds: [jwt] }', { files });
  expect((await call('/bff/app/hello')).status).toBe(401);
  expect((await call('/bff/app/hello', { headers: as({ sub: 'u1' }) })).status).toBe(200);
  expect((await call('/bff/app/hello', { headers: as({ kind: 'api_key' }) })).status).toBe(403);
  expect((await call('/bff/app/open')).status).toBe(200);
});

test('so many requests, and no more', async () => {
  const clock = { now: 0 };
  const { call } = await serve('rate_limit: { limit: 2, window: 10s }', { now: () => clock.now });
  const first = await call('/bff/app/hello');
  expect(first.headers.get('ratelimit-policy')).toBe('"app";q=2;w=10');
  expect(first.headers.get('ratelimit')).toBe('"app";r=1;t=5');
  expect((await call('/bff/app/hello')).status).toBe(200);
  const third = await call('/bff/app/hello');
  expect(third.status).toBe(429);
  expect(third.headers.get('retry-after')).toBe('5');
  expect((await call('/bff/app/hello', { headers: as({ sub: 'u1' }) })).status).toBe(200);
  clock.now = 10_000;
  expect((await call('/bff/app/hello')).status).toBe(200);
});

test('a limit of time', async () => {
  const { call } = await serve('limits: { timeout: 30ms }', { files: { 'app/slow.graphql': '{ slow }' } });
  const slow = await call('/bff/app/slow');
  expect(slow).toMatchObject({ status: 504, json: { detail: 'The response was not ready within 30 milliseconds.' } });
});

test('a body that is larger than the client may send', async () => {
  const files = { 'app/post.graphql': 'query ($skip: Boolean!) @endpoint(method: POST) { hello @skip(if: $skip) }' };
  const { call } = await serve('limits: { max_request_bytes: 20 }', { files });
  const headers = { 'content-type': 'application/json' };
  const post = (body: string) => call('/bff/app/post', { method: 'POST', body, headers });
  expect((await post('{"skip": false}')).status).toBe(200);
  expect((await post('{"skip":      false }')).status).toBe(413);
});

const CORS = 'cors: { origins: ["https://shop.example"], credentials: true, max_age: 10m }';

test('pages of named origins may call, others may not', async () => {
  const { call } = await serve(CORS);
  const shop = await call('/bff/app/hello', { headers: { origin: 'https://shop.example' } });
  expect(Object.fromEntries(shop.headers)).toMatchObject({
    'access-control-allow-origin': 'https://shop.example',
    'access-control-allow-credentials': 'true',
    vary: expect.stringContaining('origin'),
  });
  const other = await call('/bff/app/hello', { headers: { origin: 'https://evil.example' } });
  expect(other.headers.has('access-control-allow-origin')).toBe(false);
});

test('Vary names all headers that a response depends on, wherever they are declared, also in a 304', async () => {
  const { call } = await serve(
    `${CORS}\nheaders: { response: { add: { vary: x-channel } } }\ncache: { max_age: 30s, vary: [x-app] }`,
  );
  const { headers } = await call('/bff/app/hello');
  expect(headers.get('vary')).toBe('origin, x-channel, accept, x-app, authorization, cookie');
  const known = await call('/bff/app/hello', { headers: { 'if-none-match': String(headers.get('etag')) } });
  expect([known.status, known.headers.get('vary')]).toEqual([304, headers.get('vary')]);
});

test('a preflight request is answered', async () => {
  const { call } = await serve(CORS);
  const headers = {
    origin: 'https://shop.example',
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization',
  };
  const response = await call('/bff/app/hello', { method: 'OPTIONS', headers });
  expect(response.status).toBe(204);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'access-control-allow-methods': 'GET, HEAD, OPTIONS',
    'access-control-allow-headers': 'authorization',
    'access-control-max-age': '600',
  });
});

test('headers that are added and taken away, on the way in and out', async () => {
  const yaml = `headers:
  request: { add: { X-Client: app }, strip: [x-debug] }
  response: { add: { X-Served-By: headgate } }`;
  const { call, engine } = await serve(yaml);
  const response = await call('/bff/app/hello', { headers: { 'x-debug': '1', 'x-other': '2' } });
  expect(response.headers.get('x-served-by')).toBe('headgate');
  const { headers } = engine.requests[0]?.client ?? { headers: {} };
  expect(headers).toMatchObject({ 'x-client': 'app', 'x-other': '2' });
  expect(headers).not.toHaveProperty('x-debug');
});

test('how long answers hold, where nothing else is said', async () => {
  const files = { 'app/own.graphql': 'query @endpoint(cache: {maxAge: 5}) { hello }' };
  const { call } = await serve('cache: { max_age: 1m, scope: public }', { files });
  expect((await call('/bff/app/hello')).headers.get('cache-control')).toBe('public, max-age=60');
  expect((await call('/bff/app/own')).headers.get('cache-control')).toBe('public, max-age=5');
});

test('versions beside each other: the old one says when it ends, and one that has ended is gone', async () => {
  const yaml = `deprecated: 2026-01-01
sunset: 2026-06-30
link: https://docs.example/v2
versions:
  v3: { enabled: false }`;
  const files = { 'app/v2/hello.graphql': '{ greeting: hello }', 'app/v3/hello.graphql': '{ hello }' };
  const { call } = await serve(yaml, { files });
  const old = await call('/bff/app/hello');
  expect(old.json).toEqual({ hello: 'hi' });
  expect(Object.fromEntries(old.headers)).toMatchObject({
    deprecation: '@1767225600',
    sunset: 'Tue, 30 Jun 2026 00:00:00 GMT',
    link: '<https://docs.example/v2>; rel="deprecation"',
  });
  const next = await call('/bff/app/v2/hello');
  expect(next.json).toEqual({ greeting: 'hi' });
  expect(next.headers.has('deprecation')).toBe(false);
  expect((await call('/bff/app/v3/hello')).status).toBe(410);
});
