import { buildSchema } from 'graphql';
import { expect, test, vi } from 'vitest';
import type { Engine } from '../../src/pipeline/engine.ts';
import type { CancelSignal } from '../../src/sources/source.ts';
import { engineOver, folderOf, serveBff, serveFiles, sourceError, write } from './support.ts';

const SDL = `
  type Query { user(id: ID!): User, add(a: Int = 1, b: Int = 2): Int }
  type Mutation { rename(id: ID!, name: String!): User }
  type User { id: ID!, name: String! }
`;
const people = {
  user: ({ id }: { id: string }) => (id === 'u1' ? { id, name: 'Ada' } : null),
  add: ({ a, b }: { a: number; b: number }) => a + b,
  rename: ({ id, name }: { id: string; name: string }) => ({ id, name }),
};
const PROFILE = 'query ($id: ID!) @endpoint(path: "/people/:id") { profile: user(id: $id) { id called: name } }';

test('the data of the operation is the answer, shaped by aliases', async () => {
  const call = await serveFiles({ 'mobile/profile.graphql': PROFILE }, engineOver(SDL, people));
  const response = await call('/bff/mobile/people/u1');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(response.text).toBe('{"profile":{"id":"u1","called":"Ada"}}');
});

test('query parameters are variables, with their defaults', async () => {
  const call = await serveFiles(
    { 'web/sum.graphql': 'query ($a: Int = 10, $b: Int) { sum: add(a: $a, b: $b) }' },
    engineOver(SDL, people),
  );
  expect((await call('/bff/web/sum?b=5')).json).toEqual({ sum: 15 });
  expect((await call('/bff/web/sum')).json).toEqual({ sum: 12 });
});

test('every bad parameter is named at once, as problem details', async () => {
  const engine = engineOver(SDL, people);
  const call = await serveFiles({ 'web/sum.graphql': 'query ($a: Int, $b: Int) { add(a: $a, b: $b) }' }, engine);
  const response = await call('/bff/web/sum?a=one&c=3');
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.json).toEqual({
    type: 'urn:headgate:problem:invalid-parameters',
    title: 'Bad Request',
    status: 400,
    detail: 'Not accepted: "a", "c".',
    instance: '/bff/web/sum',
    errors: [
      { parameter: 'a', in: 'query', given: 'one', expected: 'a whole number from -2147483648 to 2147483647 (Int)' },
      { parameter: 'c', in: 'query', given: '3', expected: 'no parameter of this name; did you mean "a"?' },
    ],
  });
  expect(engine.requests).toEqual([]);
});

test('what does not exist is a 404, also where a deeper field happens to have the same null', async () => {
  const call = await serveFiles({ 'mobile/profile.graphql': PROFILE }, engineOver(SDL, people));
  const response = await call('/bff/mobile/people/u2');
  expect(response.status).toBe(404);
  expect(response.json).toMatchObject({
    type: 'urn:headgate:problem:not-found',
    detail: '"profile" was not found.',
  });

  const nested = 'type Query { a: A } type A { a: Int, b: A }';
  const deeper = await serveFiles(
    { 'x/y.graphql': '{ a { a b { a } } }' },
    engineOver(nested, { a: { a: null, b: null } }),
  );
  expect((await deeper('/bff/x/y')).json).toEqual({ a: { a: null, b: null } });
});

test('a mutation takes a JSON body', async () => {
  const files = {
    'web/rename.graphql':
      'mutation ($id: ID!, $name: String!) @endpoint(path: "/people/:id", method: PUT) { user: rename(id: $id, name: $name) { name } }',
  };
  const call = await serveFiles(files, engineOver(SDL, people));
  const put = (body: string, type = 'application/json') =>
    call('/bff/web/people/u1', { method: 'PUT', body, headers: { 'content-type': type } });
  expect((await put('{"name":"Grace"}')).json).toEqual({ user: { name: 'Grace' } });
  expect((await put('{"nam":"Grace"}')).json.errors.map((error: { parameter: string }) => error.parameter)).toEqual([
    'name',
    'nam',
  ]);
  expect(await put('{"name":')).toMatchObject({ status: 400, json: { type: 'urn:headgate:problem:invalid-body' } });
  expect(await put('["Grace"]')).toMatchObject({ status: 400, json: { type: 'urn:headgate:problem:invalid-body' } });
  expect(await put('name=Grace', 'application/x-www-form-urlencoded')).toMatchObject({ status: 415 });
  expect(await put(JSON.stringify({ name: 'x'.repeat(8 * 2 ** 20) }))).toMatchObject({ status: 413 });
});

test('the engine gets the client, and whether the request only reads, as a GET does', async () => {
  const engine = engineOver(SDL, people);
  const call = await serveFiles({ 'mobile/profile.graphql': PROFILE }, engine);
  const response = await call('/bff/mobile/people/u1', {
    headers: { 'x-request-id': 'r-1', authorization: 'Bearer t' },
  });
  expect(response.headers.get('x-request-id')).toBe('r-1');
  expect(engine.requests).toMatchObject([
    { readOnly: true, client: { requestId: 'r-1', headers: { authorization: 'Bearer t' } } },
  ]);
  expect((await call('/bff/mobile/people/u1')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('HEAD, OPTIONS and methods that the path does not answer', async () => {
  const rename =
    'mutation ($id: ID!, $name: String!) @endpoint(path: "/people/:id", method: PATCH) { rename(id: $id, name: $name) { id } }';
  const call = await serveFiles(
    { 'mobile/profile.graphql': PROFILE, 'mobile/rename.graphql': rename },
    engineOver(SDL, people),
  );
  const head = await call('/bff/mobile/people/u1', { method: 'HEAD' });
  expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', '38']);
  const options = await call('/bff/mobile/people/u1', { method: 'OPTIONS' });
  expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, PATCH, OPTIONS']);
  const refused = await call('/bff/mobile/people/u1', { method: 'DELETE' });
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD, PATCH, OPTIONS']);
});

test('a literal path takes precedence over one with a parameter', async () => {
  const files = {
    'a/by-id.graphql': 'query ($id: ID!) @endpoint(path: "/people/:id") { user(id: $id) { id } }',
    'a/first.graphql': 'query @endpoint(path: "/people/first") { user(id: "u1") { name } }',
    'a/home.graphql': 'query @endpoint(path: "/") { add }',
  };
  const call = await serveFiles(files, engineOver(SDL, people));
  expect((await call('/bff/a/people/first')).json).toEqual({ user: { name: 'Ada' } });
  expect((await call('/bff/a/people/u1')).json).toEqual({ user: { id: 'u1' } });
  expect((await call('/bff/a')).json).toEqual({ add: 3 });
});

test('a path that leads nowhere: similar endpoints are named in dev, and not in production', async () => {
  const dir = folderOf({ 'mobile/profile.graphql': PROFILE, 'mobile/broken.graphql': '{' });
  const engine = () => engineOver(SDL, people);
  const dev = await serveBff({ dir, engine });
  const response = await dev.call('/bff/mobile/poeple/u1');
  expect(response.status).toBe(404);
  expect(response.json.near).toEqual(['GET /bff/mobile/people/:id']);
  expect(response.json.problems).toEqual([expect.stringContaining('broken.graphql:1:2  GRAPHQL_PARSE_FAILED')]);
  const production = await serveBff({ dir, engine, dev: false });
  expect(Object.keys((await production.call('/bff/mobile/poeple/u1')).json)).toEqual([
    'type',
    'title',
    'status',
    'detail',
    'instance',
  ]);
});

test('paths outside of /bff are left to the host', async () => {
  const call = await serveFiles({}, engineOver(SDL, people));
  expect((await call('/bffx')).status).toBe(418);
  expect((await call('/graphql')).status).toBe(418);
  expect((await call('/bff')).status).toBe(404);
});

test('without a schema everything waits', async () => {
  let engine: Engine | undefined;
  const { call } = await serveBff({ dir: folderOf({ 'mobile/profile.graphql': PROFILE }), engine: () => engine });
  const response = await call('/bff/mobile/people/u1');
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  engine = engineOver(SDL, people);
  expect((await call('/bff/mobile/people/u1')).status).toBe(200);
});

test('an endpoint that a new schema breaks says why; the others go on', async () => {
  const dir = folderOf({ 'mobile/profile.graphql': PROFILE, 'web/sum.graphql': '{ add }' });
  const onProblems = vi.fn();
  let engine = engineOver(SDL, people);
  const { bff, call } = await serveBff({ dir, engine: () => engine, onProblems });
  expect(onProblems.mock.lastCall).toEqual([[]]);

  engine = engineOver(buildSchema(SDL.replace('name: String! }', 'fullName: String! }')), people);
  const response = await call('/bff/mobile/people/u1');
  expect(response.status).toBe(503);
  expect(response.json.problems[0]).toMatch(/profile\.graphql:1:.*Cannot query field "name" on type "User"/);
  expect((await call('/bff/web/sum')).json).toEqual({ add: 3 });
  expect(bff.endpoints().map((endpoint) => endpoint.path)).toEqual(['/bff/web/sum']);
  expect(onProblems.mock.lastCall?.[0]).toMatchObject([{ code: 'GRAPHQL_VALIDATION_FAILED', line: 1 }]);

  engine = engineOver(SDL, people);
  expect((await call('/bff/mobile/people/u1')).status).toBe(200);
});

test('files are read again when asked to', async () => {
  const dir = folderOf({ 'web/sum.graphql': '{ add }' });
  const engine = engineOver(SDL, people);
  const { bff, call } = await serveBff({ dir, engine: () => engine });
  write(dir, 'web/sum.graphql', '{ sum: add }');
  write(dir, 'mobile/profile.graphql', PROFILE);
  expect((await call('/bff/web/sum')).json).toEqual({ add: 3 });
  await bff.reload();
  expect((await call('/bff/web/sum')).json).toEqual({ sum: 3 });
  expect((await call('/bff/mobile/people/u1')).status).toBe(200);
});

test.each([
  ['SUBREQUEST_HTTP_ERROR', 502],
  ['SUBREQUEST_MALFORMED_RESPONSE', 502],
  ['SUBREQUEST_TIMEOUT', 504],
  ['BAD_USER_INPUT', 400],
  ['SOMETHING_ELSE', 500],
])('an error %s where nothing is optional is a %i', async (code, status) => {
  const fail = {
    user: () => {
      throw sourceError(code, 'users: no answer');
    },
  };
  const call = await serveFiles({ 'mobile/profile.graphql': PROFILE }, engineOver(SDL, fail));
  const response = await call('/bff/mobile/people/u1');
  expect(response.status).toBe(status);
  expect(response.json).toMatchObject({ status, errors: [{ path: ['profile'], code, message: 'users: no answer' }] });
});

test('an error that a service reported itself is a 502, unless another one is ours', async () => {
  const fail = {
    user: () => {
      throw sourceError('INTERNAL_SERVER_ERROR', 'users: a bug', 'users');
    },
    add: () => {
      throw sourceError('INTERNAL_SERVER_ERROR');
    },
  };
  const files = { 'a/one.graphql': '{ user(id: 1) { id } }', 'a/both.graphql': '{ user(id: 1) { id } add }' };
  const call = await serveFiles(files, engineOver(SDL, fail));
  expect((await call('/bff/a/one')).status).toBe(502);
  expect((await call('/bff/a/both')).status).toBe(500);
});

test('an engine that throws is a 500 that does not say why, but the log does', async () => {
  const error = vi.fn();
  const engine: Engine = { ...engineOver(SDL, people), execute: () => Promise.reject(new Error('secret')) };
  const dir = folderOf({ 'mobile/profile.graphql': PROFILE });
  const { call } = await serveBff({ dir, engine: () => engine, logger: { error } });
  const response = await call('/bff/mobile/people/u1', { headers: { 'x-request-id': 'r-2' } });
  expect(response.status).toBe(500);
  expect(response.text).not.toContain('secret');
  expect(error.mock.lastCall?.[0]).toMatchObject({ requestId: 'r-2', err: { message: 'secret' } });
});

test('an engine that takes too long is cancelled, and the client gets a timeout', async () => {
  let signal: CancelSignal | undefined;
  const engine: Engine = {
    ...engineOver(SDL, people),
    execute: (request) => {
      signal = request.client.signal;
      return new Promise(() => {});
    },
  };
  const dir = folderOf({ 'mobile/profile.graphql': PROFILE });
  const { call } = await serveBff({ dir, engine: () => engine, timeoutMs: 5 });
  expect(await call('/bff/mobile/people/u1')).toMatchObject({
    status: 504,
    json: { type: 'urn:headgate:problem:timeout' },
  });
  expect(signal?.aborted).toBe(true);
});

test('a client that leaves ends the execution', async () => {
  const leaves = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    const engine: Engine = {
      ...engineOver(SDL, people),
      execute: (request) => {
        request.client.signal?.addEventListener('abort', () => resolve());
        leaves.abort();
        return new Promise(() => {});
      },
    };
    void serveFiles({ 'mobile/profile.graphql': PROFILE }, engine).then((call) =>
      call('/bff/mobile/people/u1', { signal: leaves.signal }).catch(() => {}),
    );
  });
  await expect(stopped).resolves.toBeUndefined();
});
