import { request as httpRequest } from 'node:http';
import { serverAudits } from 'graphql-http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import type { CacheHeaders } from '../../src/graphql-http/cache-headers.ts';
import { createCors } from '../../src/policy/requests/cors.ts';
import type { CancelSignal } from '../../src/sources/source.ts';
import { plainEngine } from '../gateway/plain-engine.ts';
import { post, type Serving, serve } from '../gateway/serving.ts';

const engine = plainEngine(
  'type Query { hello(name: String! = "you"): String boom: String! } type Mutation { add(by: Int!): Int }',
  {
    hello: ({ name }) => `Hello, ${name}`,
    boom: () => {
      throw new Error('boom');
    },
    add: ({ by }) => by,
  },
);

const JSON_TYPE = 'application/json; charset=utf-8';
const RESPONSE_TYPE = 'application/graphql-response+json; charset=utf-8';
const wantsNew = { accept: 'application/graphql-response+json' };

const WAYS = [
  ['the fast path where it can be taken', { handlers: 'auto' }],
  ['Yoga for all requests', { handlers: 'all-yoga' }],
  ['Yoga with a plugin', { yogaPlugins: [{}] }],
] as const;

describe.each(WAYS)('GraphQL over HTTP, by %s', (_, way) => {
  const start = (): Promise<Serving> => serve({ engine: () => engine, ...way });

  it('passes every audit of graphql-http, MUST, SHOULD and MAY', async () => {
    const { url } = await start();
    const results = await Promise.all(serverAudits({ url, fetchFn: fetch }).map((audit) => audit.fn()));
    const failed = results.filter((result) => result.status !== 'ok');
    expect(failed.map((result) => `${result.id} ${result.name}`)).toEqual([]);
    expect(results.length).toBeGreaterThan(60);
  });

  it('answers a query with its data', async () => {
    const { url } = await start();
    const response = await post(url, { query: 'query Q($n: String!) { hello(name: $n) }', variables: { n: 'Ünï 🏃' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(JSON_TYPE);
    expect(await response.json()).toEqual({ data: { hello: 'Hello, Ünï 🏃' } });
  });

  it('answers a mutation, and names the media type that was asked for', async () => {
    const { url } = await start();
    const response = await post(url, { query: 'mutation { add(by: 2) }' }, wantsNew);
    expect(response.headers.get('content-type')).toBe(RESPONSE_TYPE);
    expect(await response.text()).toBe('{"data":{"add":2}}');
  });

  it('gives the newer media type to a client that takes both, and heeds its ranking', async () => {
    const { url } = await start();
    const typeFor = async (accept: string) => {
      const response = await post(url, { query: '{ hello }' }, { accept });
      return response.headers.get('content-type');
    };
    expect(await typeFor('application/graphql-response+json, application/json')).toBe(RESPONSE_TYPE);
    expect(await typeFor('application/graphql-response+json;q=0.5, application/json;q=0.9')).toBe(JSON_TYPE);
    expect(await typeFor('text/html, application/*;q=0.3')).toBe(JSON_TYPE);
  });

  it('refuses before executing when the client takes no GraphQL media type', async () => {
    const { url } = await start();
    const response = await post(url, { query: 'mutation { add(by: 2) }' }, { accept: 'image/png' });
    expect(response.status).toBe(406);
    const { message, extensions } = (await response.json()).errors[0];
    expect(extensions.code).toBe('NOT_ACCEPTABLE');
    // neither subscriptions nor @defer
    expect(message).toBe('The "accept" header allows none of application/graphql-response+json, application/json.');
  });

  it('says 200 for partial data, also when the data is null', async () => {
    const { url } = await start();
    const response = await post(url, { query: '{ hello boom }' }, wantsNew);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ data: null, errors: [{ message: 'boom', path: ['boom'] }] });
  });

  it.each([
    ['text that is not GraphQL', { query: '{' }, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { query: '{ nope }' }, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a variable of the wrong type',
      { query: 'query ($n: String!) { hello(name: $n) }', variables: { n: 1 } },
      'BAD_USER_INPUT',
    ],
    ['an unknown operation name', { query: 'query A { hello }', operationName: 'B' }, 'BAD_USER_INPUT'],
  ])('says 200 to application/json and 400 to graphql-response+json for %s', async (_what, body, expected) => {
    const { url } = await start();
    const old = await post(url, body, { accept: 'application/json' });
    const recent = await post(url, body, wantsNew);
    expect([old.status, recent.status]).toEqual([200, 400]);
    const texts = [await old.text(), await recent.text()];
    expect(texts[0]).toBe(texts[1]);
    expect(JSON.parse(texts[0] as string).errors[0].extensions.code).toBe(expected);
  });

  it.each([
    ['malformed JSON', '{"query": ', /not valid JSON/],
    ['an empty body', '', /is empty/],
    ['a body that is no object', '"{ hello }"', /must be a JSON object/],
    ['no query', '{"variables": {}}', /no "query"/],
    [
      'variables that are no object',
      '{"query": "{ hello }", "variables": "x"}',
      /"variables" must be an object, not a string/,
    ],
  ])('says 400 with what was expected for %s', async (_what, body, message) => {
    const { url } = await start();
    const response = await post(url, body);
    expect(response.status).toBe(400);
    expect((await response.json()).errors[0]).toEqual({
      message: expect.stringMatching(message),
      extensions: { code: 'BAD_REQUEST' },
    });
  });

  it.each([
    ['another content type', { 'content-type': 'text/plain' }],
    ['another charset', { 'content-type': 'application/json; charset=utf-16' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['an unknown coding', { 'content-encoding': 'compress' }],
    ['a type with a thousand blanks', { 'content-type': `application/json${' '.repeat(15_000)}x` }],
    ['two charsets', { 'content-type': 'application/json; charset=utf-8; charset=utf-16' }],
  ])('says 415 for %s', async (_what, headers) => {
    const { url } = await start();
    const response = await post(url, { query: '{ hello }' }, headers);
    expect(response.status).toBe(415);
    expect(await code(response)).toBe('UNSUPPORTED_MEDIA_TYPE');
  });

  it.each([
    ['lists that nest without end', 'MAX_VARIABLES_DEPTH_LIMIT', `${'['.repeat(100_001)}${']'.repeat(100_001)}`],
    [
      'an object with members without end',
      'BAD_USER_INPUT',
      `{${Array.from({ length: 50_001 }, (_, i) => `"k${i}":1`).join(',')}}`,
    ],
  ])('says 400 for %s, before the body is parsed', async (_what, expected, value) => {
    const { url } = await serve({ engine: () => engine, ...way, maxRequestBytes: 2_000_000 });
    const response = await post(url, `{"query":"{ hello }","variables":{"v":${value}}}`);
    expect([response.status, await code(response)]).toEqual([400, expected]);
  });

  it('says 413 for a body over the limit, whether its length is declared or not', async () => {
    const { url } = await start();
    const body = JSON.stringify({ query: `{ hello } # ${'x'.repeat(20_000)}` });
    const declared = await post(url, body);
    expect([declared.status, await code(declared)]).toEqual([413, 'REQUEST_TOO_LARGE']);
    const chunked = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([body]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect([chunked.status, await code(chunked)]).toEqual([413, 'REQUEST_TOO_LARGE']);
    const within = await post(url, { query: `{ hello } # ${'x'.repeat(9_000)}` });
    expect(within.status).toBe(200);
  });

  it('answers GET for queries and refuses mutations there', async () => {
    const { url } = await start();
    const query = new URLSearchParams({ query: 'query Q($n: String!) { hello(name: $n) }', variables: '{"n":"GET"}' });
    expect(await (await fetch(`${url}?${query}`)).json()).toEqual({ data: { hello: 'Hello, GET' } });
    const mutation = await fetch(`${url}?query=${encodeURIComponent('mutation { add(by: 1) }')}`);
    expect([mutation.status, mutation.headers.get('allow')]).toEqual([405, 'POST']);
    const broken = await fetch(`${url}?query={hello}&variables={`);
    expect([broken.status, await code(broken)]).toEqual([400, 'BAD_REQUEST']);
  });

  it('tells caches how long an answer holds, once the engine says so', async () => {
    const execute: typeof engine.execute = async (request) =>
      (await engine.execute(request)).with({
        cachePolicy: { maxAgeMs: request.query.includes('boom') ? 0 : 60_000, scope: 'unspecified' },
      });
    const controlOf: CacheHeaders = ({ maxAgeMs }) => ({
      'cache-control': maxAgeMs === 0 ? 'no-store' : `max-age=${maxAgeMs / 1_000}`,
      vary: 'accept',
    });
    const cors = createCors(configFileSchema.parse({ cors: { policies: [{ origins: ['https://a.example'] }] } }).cors);
    const { url } = await serve({
      engine: () => ({ ...engine, execute }),
      ...way,
      cacheHeaders: controlOf,
      cors,
      maxBatch: 2,
    });
    const controls = async (answer: Promise<Response>) => {
      const { headers } = await answer;
      return [headers.get('cache-control'), headers.get('vary')];
    };
    expect(await controls(post(url, { query: '{ hello }' }))).toEqual(['max-age=60', 'origin, accept']);
    expect(await controls(fetch(`${url}?query={hello}`))).toEqual(['max-age=60', 'origin, accept']);
    expect(await controls(post(url, { query: '{ boom }' }))).toEqual(['no-store', 'origin, accept']);
    expect(await controls(post(url, [{ query: '{ hello }' }] as object))).toEqual([null, 'origin']);
  });

  it('says 405 with the methods that there are for others', async () => {
    const { url } = await start();
    const response = await fetch(url, { method: 'PUT', body: '{}' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST']);
    expect(await code(response)).toBe('METHOD_NOT_ALLOWED');
  });

  it('masks an error of the engine, and logs it under the request id', async () => {
    const broken = { ...engine, execute: () => Promise.reject(new Error('secret connection string')) };
    const { url, lines } = await serve({ engine: () => broken, ...way });
    const response = await post(url, { query: '{ hello }' }, { 'x-request-id': 'req-7' });
    expect(response.status).toBe(500);
    expect(await response.text()).toBe(
      '{"errors":[{"message":"Internal server error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}',
    );
    const logged = lines.find((line) => line.msg === 'request failed inside the gateway');
    expect(logged).toMatchObject({ level: 'error', requestId: 'req-7', err: { message: 'secret connection string' } });
  });

  it('says 504 when the request takes too long, and aborts it', async () => {
    const aborted: boolean[] = [];
    const slow = plainEngine('type Query { wait: String }', {
      wait: (_args, { client }) =>
        new Promise((resolve) => {
          client.signal?.addEventListener('abort', () => {
            aborted.push(true);
            resolve(null);
          });
        }),
    });
    const { url } = await serve({ engine: () => slow, ...way, timeoutMs: 30 });
    const response = await post(url, { query: '{ wait }' });
    expect([response.status, await code(response)]).toEqual([504, 'GATEWAY_TIMEOUT']);
    expect(aborted).toEqual([true]);
  });

  it('says 503 while there is no schema', async () => {
    const { url } = await serve({ engine: () => undefined, ...way });
    const response = await post(url, { query: '{ hello }' });
    expect([response.status, await code(response)]).toEqual([503, 'SERVICE_UNAVAILABLE']);
  });

  it('takes over a request id, cleans it, or makes one', async () => {
    const { url } = await start();
    const idFor = async (headers: Record<string, string>) => {
      const response = await post(url, { query: '{ hello }' }, headers);
      return response.headers.get('x-request-id');
    };
    expect(await idFor({ 'x-request-id': 'client-1.a:b' })).toBe('client-1.a:b');
    expect(await idFor({ 'x-request-id': 'a b"<c>' })).toBe('abc');
    expect(await idFor({ 'x-request-id': 'y'.repeat(500) })).toBe('y'.repeat(128));
    expect(await idFor({})).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('aborts the execution when the client leaves', async () => {
    let signal: CancelSignal | undefined;
    const running = plainEngine('type Query { wait: String }', {
      wait: (_args, { client }) => {
        signal = client.signal;
        return new Promise((resolve) => client.signal?.addEventListener('abort', () => resolve('late')));
      },
    });
    const { url } = await serve({ engine: () => running, ...way });
    const leaving = new AbortController();
    const answer = fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ wait }"}',
      signal: leaving.signal,
    });
    await expect.poll(() => signal).toBeDefined();
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await expect.poll(() => signal?.aborted).toBe(true);
  });

  it('survives a client that leaves in the middle of its body', async () => {
    const { url, lines } = await start();
    const req = httpRequest(url, { method: 'POST', headers: { 'content-type': 'application/json' } });
    onTestFinished(() => void req.destroy());
    req.on('error', () => {});
    req.write('{"query": ');
    await new Promise((resolve) => req.once('socket', (socket) => socket.once('connect', resolve)));
    req.destroy();
    await expect.poll(() => lines.some((line) => line.msg === 'request closed by the client')).toBe(true);
    expect((await post(url, { query: '{ hello }' })).status).toBe(200);
  });
});

async function code(response: Response): Promise<unknown> {
  return (await response.json()).errors[0].extensions.code;
}
