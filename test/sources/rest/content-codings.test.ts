import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ask, NO_LIMITS, restSource, stubApi } from './stub-api.ts';

const SDL = `
  type Query { user: User @connect(source: "api", http: {GET: "/user"}, selection: "id name") }
  type Mutation { add(name: String!): User
    @connect(source: "api", http: {POST: "/users", body: "name: $args.name"}, selection: "id name") }
  type User { id: ID! name: String }
`;
const QUERY = '{ user { id name } }';
const BODY = Buffer.from('{"id":"u1","name":"Zoë"}');

/** What a query gets when the API answers with these bytes. */
async function answerTo(body: Buffer, headers: Record<string, string>, maxResponseBytes = 100_000) {
  const api = await stubApi(() => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.end(body);
  });
  const source = restSource(api, SDL, { settingsOf: () => ({ ...NO_LIMITS, maxResponseBytes }) });
  return { ...(await ask(source, QUERY)), api };
}

describe('an answer of an API', () => {
  test.each<[string, Buffer]>([
    ['gzip', gzipSync(BODY)],
    ['br', brotliCompressSync(BODY)],
    ['deflate', deflateRawSync(BODY)],
    ['gzip, br', brotliCompressSync(gzipSync(BODY))],
  ])('is decoded from %s', async (coding, body) => {
    const { data, errors } = await answerTo(body, { 'content-encoding': coding });
    expect({ data, errors }).toEqual({ data: { user: { id: 'u1', name: 'Zoë' } }, errors: undefined });
  });

  test.each<[string, Buffer]>([
    ['application/json;odata=verbose;charset=iso-8859-1', Buffer.from(String(BODY), 'latin1')],
    ['Application/HAL+JSON; charset="utf-16le"', Buffer.from(String(BODY), 'utf16le')],
    ['text/json', Buffer.from(`\ufeff${BODY}`)],
  ])('is text of %s', async (type, body) => {
    expect((await answerTo(body, { 'content-type': type })).data).toEqual({ user: { id: 'u1', name: 'Zoë' } });
  });

  test.each<[string, Buffer, Record<string, string>, string]>([
    ['unknown coding', BODY, { 'content-encoding': 'compress' }, 'the coding "compress" is not supported'],
    [
      'broken body',
      gzipSync(BODY).subarray(0, 20),
      { 'content-encoding': 'gzip' },
      'it is not valid gzip, or is incomplete',
    ],
    [
      'body that becomes too large',
      gzipSync(Buffer.alloc(5_000_000)),
      { 'content-encoding': 'gzip' },
      'it is larger than 100000 bytes',
    ],
    [
      'unknown charset',
      BODY,
      { 'content-type': 'application/json; charset=klingon' },
      'the charset "klingon" is not supported',
    ],
    ['wrong charset', Buffer.from(String(BODY), 'latin1'), {}, 'it is not valid UTF-8'],
  ])('with an %s is an error that says so', async (_what, body, headers, reason) => {
    const { errors } = await answerTo(body, headers);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'SUBREQUEST_MALFORMED_RESPONSE', reason });
  });
});

test('requests ask for gzip; bodies are encoded where that is configured', async () => {
  const bodies: Record<string, unknown>[] = [];
  const api = await stubApi(({ headers }) => {
    bodies.push(headers);
    return { id: 'u1', name: 'Zoë' };
  });
  await ask(restSource(api, SDL), QUERY);
  await ask(
    restSource(api, SDL, { compression: { request: 'gzip', accept: [] } }),
    'mutation { add(name: "Zoë") { id } }',
  );
  expect(bodies).toMatchObject([
    { 'accept-encoding': 'gzip' },
    { 'accept-encoding': 'identity', 'content-encoding': 'gzip', 'content-type': 'application/json' },
  ]);
  expect(bodies[0]).not.toHaveProperty('content-encoding');
  expect(String(gunzipSync(api.calls[1]?.bytes ?? Buffer.of()))).toBe('{"name":"Zoë"}');
});
