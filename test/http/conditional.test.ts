import { describe, expect, test } from 'vitest';
import { matchesIfMatch, matchesIfNoneMatch } from '../../src/http/conditional.ts';
import { engineOver, folderOf, serveBff } from '../bff/support.ts';

const SDL = 'type Query { long: String } type Mutation { put(v: Int): Int }';
const LONG = 'Lorem ipsum dolor sit amet. '.repeat(200);
const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;
const FILES = {
  'web/long.graphql': '{ long }',
  'web/kept.graphql': 'query @endpoint(cache: {maxAge: 60}) { long }',
  ...Object.fromEntries(
    WRITES.map((method) => [
      `web/${method.toLowerCase()}.graphql`,
      `mutation ($v: Int) @endpoint(path: "/thing", method: ${method}) { put(v: $v) }`,
    ]),
  ),
};

async function serve() {
  const engine = engineOver(SDL, { long: LONG, put: 1 });
  return { engine, ...(await serveBff({ dir: folderOf(FILES), engine: () => engine })) };
}

describe.each(['long', 'kept'])('GET /bff/web/%s', (name) => {
  test('If-None-Match is compared with the tag of the form that would be sent', async () => {
    const { call } = await serve();
    const get = (headers: Record<string, string>) => call(`/bff/web/${name}`, { headers });
    const plain = String((await get({ 'accept-encoding': 'identity' })).headers.get('etag'));
    const br = String((await get({ 'accept-encoding': 'br' })).headers.get('etag'));
    expect(br).toBe(`${plain.slice(0, -1)}-br"`);
    const status = async (tag: string, encoding: string) =>
      (await get({ 'if-none-match': tag, 'accept-encoding': encoding })).status;
    expect(await status(br, 'br')).toBe(304);
    expect(await status(br, 'identity')).toBe(200);
    expect(await status(br, 'gzip')).toBe(200);
    expect(await status(plain, 'identity')).toBe(304);
    expect(await status(plain, 'br')).toBe(200);
    expect(await status(`, ,"other",, W/${br} ,`, 'br')).toBe(304);
    expect(await status('*', 'br')).toBe(304);
  });

  test('If-Match is answered 412 where the answer is another one', async () => {
    const { call } = await serve();
    const get = (headers: Record<string, string>, method = 'GET') => call(`/bff/web/${name}`, { method, headers });
    const tag = String((await get({ 'accept-encoding': 'identity' })).headers.get('etag'));
    const ask = (ifMatch: string, method?: string) =>
      get({ 'if-match': ifMatch, 'accept-encoding': 'identity' }, method);
    expect((await ask(tag)).status).toBe(200);
    expect((await ask(`"a", ${tag}`, 'HEAD')).status).toBe(200);
    expect((await ask('*')).status).toBe(200);
    const refused = await ask('"other"');
    expect([refused.status, refused.json.type]).toEqual([412, 'urn:headgate:problem:precondition-failed']);
    expect((await ask(`W/${tag}`)).status).toBe(412);
    expect((await get({ 'if-match': '"other"', 'if-none-match': tag, 'accept-encoding': 'identity' })).status).toBe(
      412,
    );
  });
});

test('what failed is answered with why, whatever the condition', async () => {
  const { call } = await serve();
  expect((await call('/bff/web/long?page=1', { headers: { 'if-match': '"other"' } })).status).toBe(400);
});

test('a stream of events has no tag', async () => {
  const { call } = await serve();
  const ask = (ifMatch: string) =>
    call('/bff/web/long', { headers: { accept: 'text/event-stream', 'if-match': ifMatch } });
  expect([(await ask('"a"')).status, (await ask('*')).status]).toEqual([412, 200]);
});

test.each(WRITES)('a %s with a condition that cannot be checked does nothing', async (method) => {
  const { call, engine } = await serve();
  for (const name of ['if-match', 'if-none-match']) {
    const { status, json } = await call('/bff/web/thing', { method, headers: { [name]: '*' } });
    expect([status, json.type]).toEqual([412, 'urn:headgate:problem:precondition-failed']);
  }
  expect(engine.requests).toHaveLength(0);
  expect((await call('/bff/web/thing', { method })).status).toBe(200);
});

test('tags with commas, weak tags, lists with empty items', () => {
  expect(matchesIfNoneMatch('"a,b"', '"a,b"')).toBe(true);
  expect(matchesIfNoneMatch('"a", "b"', '"a,b"')).toBe(false);
  expect(matchesIfNoneMatch('"b"', 'W/"b"')).toBe(true);
  expect(matchesIfNoneMatch(',', '"b"')).toBe(false);
  expect(matchesIfMatch('"b"', 'W/"b"')).toBe(false);
  expect(matchesIfMatch(' * ', undefined)).toBe(true);
});

test('which bodies and methods are taken: Accept-Patch, Accept-Post, Allow', async () => {
  const { call } = await serve();
  const options = await call('/bff/web/thing', { method: 'OPTIONS' });
  expect(Object.fromEntries(options.headers)).toMatchObject({
    allow: 'DELETE, PATCH, POST, PUT, OPTIONS',
    'accept-patch': 'application/json',
    'accept-post': 'application/json',
  });
  const wrong = { body: 'v=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  const refused = async (method: string, name: string) => {
    const { status, headers } = await call('/bff/web/thing', { method, ...wrong });
    return [status, headers.get(name)];
  };
  expect(await refused('PATCH', 'accept-patch')).toEqual([415, 'application/json']);
  expect(await refused('POST', 'accept-post')).toEqual([415, 'application/json']);
  expect(await refused('PUT', 'accept')).toEqual([415, 'application/json']);
  expect((await call('/bff/web/thing')).headers.get('allow')).toBe('DELETE, PATCH, POST, PUT, OPTIONS');
});

test('pages that can only be read say so', async () => {
  const engine = engineOver(SDL, {});
  const { call } = await serveBff({ dir: folderOf(FILES), engine: () => engine, demo: true });
  for (const path of ['/bff/docs', '/bff/openapi.json', '/bff/web/openapi.json', '/demo']) {
    const post = await call(path, { method: 'POST' });
    expect([path, post.status, post.headers.get('allow')]).toEqual([path, 405, 'GET, HEAD, OPTIONS']);
    expect((await call(path, { method: 'OPTIONS' })).headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    expect((await call(path)).status).toBe(200);
  }
});

describe('texts of requests', () => {
  const files = {
    'web/it.graphql': 'query ($q: String, $tags: [String!] @from(header: "x-tags")) { it(q: $q, tags: $tags) }',
  };
  const sdl = 'type Query { it(q: String, tags: [String!]): String }';

  test.each(['q=%ff', 'q=%C0%AF', 'q=%ED%A0%80', 'q=a%E2%82'])('%s is not UTF-8', async (query) => {
    const engine = engineOver(sdl, { it: 'x' });
    const { call } = await serveBff({ dir: folderOf(files), engine: () => engine });
    const { status, json } = await call(`/bff/web/it?${query}`);
    expect([status, json.errors]).toMatchObject([400, [{ parameter: 'q', in: 'query' }]]);
    expect(engine.requests).toHaveLength(0);
  });

  test('UTF-8 is taken, and a replacement character as such', async () => {
    const engine = engineOver(sdl, { it: 'x' });
    const { call } = await serveBff({ dir: folderOf(files), engine: () => engine });
    await call('/bff/web/it?q=%E2%82%AC+100%25%EF%BF%BD');
    expect(engine.requests[0]?.variables).toEqual({ q: '€ 100%\uFFFD' });
  });

  test('empty items of a list in a header are none', async () => {
    const engine = engineOver(sdl, { it: 'x' });
    const { call } = await serveBff({ dir: folderOf(files), engine: () => engine });
    await call('/bff/web/it', { headers: { 'x-tags': ', a,, b ,' } });
    expect(engine.requests[0]?.variables).toEqual({ tags: ['a', 'b'] });
  });
});
