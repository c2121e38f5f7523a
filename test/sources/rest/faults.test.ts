import type { ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Cancellation } from '../../../src/sources/cancellation.ts';
import { ask, json, NO_LIMITS, restSource, stubApi, text } from './stub-api.ts';

const SDL = `
  type Author { id: ID! name: String! }
  type Post { id: ID! title: String! likes: Int author: Author }
  type Query {
    post: Post @connect(source: "api", http: {GET: "/post"}, selection: "id title likes author { id name }")
    posts: [Post!] @connect(source: "api", http: {GET: "/posts"}, selection: "id title likes author { id name }")
    title: String @connect(source: "api", http: {GET: "/title"}, selection: "$.title")
  }`;

const GOOD = { id: 1, title: 'T', likes: 2, author: { id: 1, name: 'A' } };

describe('statuses', () => {
  test.each([400, 401, 403, 404, 409, 429, 500, 503, 302])('%i is an error, never empty data', async (status) => {
    const api = await stubApi(() => json(status, { title: 'x' }));
    const { data, errors } = await ask(restSource(api, SDL), '{ title }');
    expect(data).toEqual({ title: null });
    expect(errors).toEqual([
      {
        message: `The REST API returned HTTP status ${status} for Query.title.`,
        path: ['title'],
        extensions: {
          code: 'SUBREQUEST_HTTP_ERROR',
          service: 'shop',
          reason: `HTTP status ${status}`,
          http: { status },
          connector: { coordinate: 'Query.title' },
        },
      },
    ]);
  });

  test('an error page that is no JSON', async () => {
    const api = await stubApi(() => text(502, 'text/html', '<h1>Bad Gateway</h1>'));
    const { errors } = await ask(restSource(api, SDL), '{ title }');
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'SUBREQUEST_HTTP_ERROR', http: { status: 502 } });
  });
});

describe('an API that wants to be left alone for a while', () => {
  const QUERY = '{ a: post { id } b: title c: posts { id } }';
  const busy = (status: number, retryAfter: string) =>
    stubApi(() => (response: ServerResponse) => {
      response.writeHead(status, { 'retry-after': retryAfter });
      response.end('{}');
    });
  const one = { settingsOf: () => ({ ...NO_LIMITS, maxConcurrent: 1 }) };

  test.each([429, 503])(
    '%i with Retry-After: it is reported, and nothing more is asked within the request',
    async (status) => {
      const api = await busy(status, '7');
      const source = restSource(api, SDL, one);
      const { errors } = await ask(source, QUERY);
      expect(api.calls).toHaveLength(1);
      expect(errors?.map(({ extensions }) => extensions.retryAfter)).toEqual([7, 7, 7]);
      expect(errors?.find(({ path }) => path?.[0] === 'b')).toMatchObject({
        message: `Query.title was not called: the REST API returned HTTP status ${status} with Retry-After. Try again in 7 s.`,
        extensions: { code: 'SUBREQUEST_HTTP_ERROR', reason: 'Retry-After of the API', http: { status } },
      });
      // another request finds out for itself
      await ask(source, '{ title }');
      expect(api.calls).toHaveLength(2);
    },
  );

  test('a date, and what cannot be read', async () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const later = await ask(restSource(await busy(503, date), SDL), '{ title }');
    expect(Number(later.errors?.[0]?.extensions.retryAfter)).toBeGreaterThan(30);
    const never = await busy(503, 'tomorrow');
    const { errors } = await ask(restSource(never, SDL, one), QUERY);
    expect([never.calls.length, errors?.[0]?.extensions.retryAfter]).toEqual([3, undefined]);
  });
});

describe('answers that cannot be used', () => {
  test.each([
    ['text/html', '<html>', 'it is text/html, not JSON'],
    ['application/json', '{"title": ', 'it is not valid JSON'],
    ['application/problem+json', 'oops', 'it is not valid JSON'],
  ])('%s %s', async (type, body, reason) => {
    const api = await stubApi(() => text(200, type, body));
    const { data, errors } = await ask(restSource(api, SDL), '{ title }');
    expect(data).toEqual({ title: null });
    expect(errors?.[0]).toMatchObject({
      message: `The response for Query.title cannot be used: ${reason}.`,
      extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE', service: 'shop', reason },
    });
  });

  test('JSON that says to be something else, and plain text', async () => {
    const api = await stubApi(({ url }) =>
      url === '/plain' ? text(200, 'text/plain', 'just words') : text(200, 'text/plain', '{"title":"x"}'),
    );
    const sdl = `type Query {
      title: String @connect(source: "api", http: {GET: "/title"}, selection: "$.title")
      plain: String @connect(source: "api", http: {GET: "/plain"}, selection: "$")
    }`;
    expect((await ask(restSource(api, sdl), '{ title plain }')).data).toEqual({ title: 'x', plain: 'just words' });
  });

  test('larger than allowed', async () => {
    const api = await stubApi(() => ({ title: 'x'.repeat(100_000) }));
    const source = restSource(api, SDL, { settingsOf: () => ({ ...NO_LIMITS, maxResponseBytes: 1_000 }) });
    const { errors } = await ask(source, '{ title }');
    expect(errors?.[0]).toMatchObject({
      message: 'The response for Query.title cannot be used: it is larger than 1000 bytes.',
      extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE' },
    });
  });

  test('cut off in the middle', async () => {
    const api = await stubApi(() => (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"title":');
      setTimeout(() => response.destroy(), 10);
    });
    const { errors } = await ask(restSource(api, SDL), '{ title }');
    expect(errors?.[0]).toMatchObject({
      message: 'Subgraph "shop" did not answer: connection closed before the response was complete.',
      extensions: { code: 'SUBREQUEST_HTTP_ERROR' },
    });
  });

  test('nobody listens', async () => {
    const sdl = 'type Query { a: Int @connect(http: {GET: "http://127.0.0.1:1/a"}, selection: "$.a") }';
    const { errors } = await ask(restSource(await stubApi(() => 1), sdl), '{ a }');
    expect(errors?.[0]).toMatchObject({
      message: 'Subgraph "shop" did not answer: connection refused.',
      extensions: { code: 'SUBREQUEST_HTTP_ERROR', reason: 'connection refused' },
    });
  });
});

describe('slowness', () => {
  test.each([
    ['no answer', () => undefined],
    ['a body that never ends', (response: ServerResponse) => response.writeHead(200).write('{"title":')],
  ])('%s', async (_, reply) => {
    const api = await stubApi(() => reply);
    const { data, errors } = await ask(restSource(api, SDL, { timeoutMs: 50 }), '{ title }');
    expect(data).toEqual({ title: null });
    expect(errors?.[0]).toMatchObject({
      message: 'Subgraph "shop" did not answer: no complete response within 50 ms.',
      extensions: { code: 'SUBREQUEST_TIMEOUT', service: 'shop' },
    });
  });

  test('calls that wait for one another have one time together', async () => {
    const late: ServerResponse[] = [];
    const api = await stubApi(() => (response: ServerResponse) => late.push(response));
    const sdl = `
      type Query { a: A @connect(source: "api", http: {GET: "/a"}, selection: "id") }
      type A { id: ID! b: B @connect(source: "api", http: {GET: "/b/{$this.id}"}, selection: "id") }
      type B { id: ID! c: Int @connect(source: "api", http: {GET: "/c/{$this.id}"}, selection: "$.id") }`;
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const asked = ask(restSource(api, sdl, { timeoutMs: 1_000 }), '{ a { b { c } } }');
    while (late.length === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(999);
    json(200, { id: 1 })(late[0] as ServerResponse);
    while (api.calls.length < 2) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(1);
    const { data, errors } = await asked;
    expect(data).toEqual({ a: { b: null } });
    expect(errors?.[0]).toMatchObject({
      message: 'Subgraph "shop" did not answer: no complete response within 1000 ms.',
      path: ['a', 'b'],
      extensions: { code: 'SUBREQUEST_TIMEOUT' },
    });
  });

  test('who gives up while waiting for a place among the calls waits no longer', async () => {
    const api = await stubApi(() => (response: ServerResponse) => response.on('close', () => undefined));
    const settingsOf = () => ({ ...NO_LIMITS, maxConcurrent: 1 });
    const source = restSource(api, SDL, { settingsOf, timeoutMs: 60_000 });
    const first = new Cancellation();
    const asked = ask(source, '{ title }', {}, { requestId: 'r', headers: {}, signal: first });
    await vi.waitFor(() => expect(api.calls).toHaveLength(1));
    const second = new Cancellation();
    const waiting = ask(source, '{ title }', {}, { requestId: 's', headers: {}, signal: second });
    second.abort();
    await expect(waiting).rejects.toThrow('Subgraph "shop" did not answer: request aborted.');
    first.abort();
    await expect(asked).rejects.toThrow('request aborted');
    expect(api.calls).toHaveLength(1);
  });

  test('calls end when the client is gone', async () => {
    const closed = vi.fn();
    const api = await stubApi(() => (response: ServerResponse) => response.on('close', closed));
    const signal = new Cancellation();
    const asked = ask(restSource(api, SDL), '{ title }', {}, { requestId: 'r', headers: {}, signal });
    await vi.waitFor(() => expect(api.calls).toHaveLength(1));
    signal.abort();
    await expect(asked).rejects.toThrow('Subgraph "shop" did not answer: request aborted.');
    await vi.waitFor(() => expect(closed).toHaveBeenCalled());
  });
});

describe('answers that do not fit the schema', () => {
  test.each([
    ['an array for an object', [GOOD], { post: null }, ['post'], 'Expected an object of type "Post".'],
    [
      'a string for an object',
      { ...GOOD, author: 'Ann' },
      { post: { ...POST(), author: null } },
      ['post', 'author'],
      'Expected an object of type "Author".',
    ],
    [
      'a missing field that may not be',
      { ...GOOD, title: undefined },
      { post: null },
      ['post', 'title'],
      'Cannot return null for non-nullable field Post.title.',
    ],
    [
      'an object for a number',
      { ...GOOD, likes: { n: 1 } },
      { post: { ...POST(), likes: null } },
      ['post', 'likes'],
      'Int cannot represent non-integer value: { n: 1 }',
    ],
  ])('%s', async (_, body, data, path, message) => {
    const api = await stubApi(() => body);
    const answer = await ask(restSource(api, SDL), '{ post { id title likes author { id name } } }');
    expect(answer.data).toEqual(data);
    expect(answer.errors).toEqual([
      {
        message: `The response of a REST API does not match the schema. ${message}`,
        path,
        extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE', service: 'shop' },
      },
    ]);
  });

  test('an object for a list', async () => {
    const api = await stubApi(() => GOOD);
    const { data, errors } = await ask(restSource(api, SDL), '{ posts { id } }');
    expect(data).toEqual({ posts: null });
    expect(errors?.[0]?.extensions.code).toBe('SUBREQUEST_MALFORMED_RESPONSE');
  });

  test('nulls and missing fields that may be are null', async () => {
    const api = await stubApi(() => ({ id: 'ü', title: 'x', author: null }));
    const { data, errors } = await ask(restSource(api, SDL), '{ post { id title likes author { id name } } }');
    expect(errors).toBeUndefined();
    expect(data).toEqual({ post: { id: 'ü', title: 'x', likes: null, author: null } });
  });

  test('ten thousand items, one of them bad', async () => {
    const items = Array.from({ length: 10_000 }, (_, id) => ({ ...GOOD, id, likes: id === 5_000 ? 'many' : id }));
    const api = await stubApi(() => items);
    const { data, errors } = await ask(restSource(api, SDL), '{ posts { id likes author { name } } }');
    expect(data?.posts).toHaveLength(10_000);
    expect(errors).toHaveLength(1);
    expect(errors?.[0]?.path).toEqual(['posts', 5_000, 'likes']);
    expect(api.calls).toHaveLength(1);
  });
});

function POST() {
  return { id: '1', title: 'T', likes: 2, author: { id: '1', name: 'A' } };
}

describe('errors in the words of the API', () => {
  const MAPPED = (source: string, connect: string, api: { url: string }) => `
    extend schema @source(name: "own", http: {baseURL: "${api.url}"} ${source})
    type Query { a: Int @connect(source: "own", http: {GET: "/a"}, selection: "$.a" ${connect}) }`;

  test('message and extensions, of the source and over it of the connector', async () => {
    const api = await stubApi(() => json(422, { error: { message: 'Too small', code: 'SMALL' } }));
    const source =
      'errors: {message: "error.message", extensions: "code: error.code status: $status from: $(\'source\')"}';
    const { errors } = await ask(
      restSource(api, MAPPED(source, 'errors: {extensions: "from: $(\'connect\')"}', api)),
      '{ a }',
    );
    expect(errors?.[0]).toMatchObject({
      message: 'Too small',
      extensions: { code: 'SMALL', status: 422, from: 'connect', service: 'shop', http: { status: 422 } },
    });
  });

  test('what the API leaves open is as without its words', async () => {
    const api = await stubApi(() => json(422, { error: { message: null, code: null } }));
    const said = 'errors: {message: "error.message", extensions: "code: error.code"}';
    const { errors } = await ask(restSource(api, MAPPED(said, '', api)), '{ a }');
    expect(errors?.[0]).toMatchObject({
      message: 'The REST API returned HTTP status 422 for Query.a.',
      extensions: { code: 'SUBREQUEST_HTTP_ERROR' },
    });
  });

  test('isSuccess makes an error of a 200, and a success of a 404', async () => {
    const api = await stubApi(() => json(200, { ok: false, reason: 'closed' }));
    const connect = 'isSuccess: "ok->eq(true)" errors: {message: "$.reason"}';
    const { data, errors } = await ask(restSource(api, MAPPED('', connect, api)), '{ a }');
    expect(data).toEqual({ a: null });
    expect(errors?.[0]).toMatchObject({ message: 'closed', extensions: { code: 'SUBREQUEST_HTTP_ERROR' } });

    const other = await stubApi(() => json(404, { a: 4 }));
    const lenient = MAPPED('isSuccess: "$status->in([200, 404])"', '', other);
    expect(await ask(restSource(other, lenient), '{ a }')).toEqual({ data: { a: 4 } });
  });
});

test('keys of an answer that mean something to JavaScript change nothing', async () => {
  const api = await stubApi(() =>
    text(200, 'application/json', '{"title":"x","__proto__":{"admin":true},"constructor":1}'),
  );
  const sdl = `scalar JSON
    type Query { all: JSON @connect(source: "api", http: {GET: "/"}, selection: "$") post: P @connect(source: "api", http: {GET: "/"}, selection: "title admin") }
    type P { title: String admin: Boolean }`;
  const { data } = await ask(restSource(api, sdl), '{ post { title admin } all }');
  expect(data?.post).toEqual({ title: 'x', admin: null });
  expect(JSON.stringify(data?.all)).toBe('{"title":"x","__proto__":{"admin":true},"constructor":1}');
});
