import { request } from 'node:http';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { BffOptions } from '../../src/bff/bff.ts';
import { chooseEncoding } from '../../src/shared/accept-encoding.ts';
import { engineOver, folderOf, serveBff } from './support.ts';

const SDL = 'type Query { short: String, long: String, mine: String }';
const LONG = 'Lorem ipsum dolor sit amet. '.repeat(200);
const root = { short: 'x', long: LONG, mine: LONG };
const FILES = {
  'web/short.graphql': '{ short }',
  'web/long.graphql': '{ long }',
  'web/kept.graphql': 'query @endpoint(cache: {maxAge: 60}) { long }',
};

interface Raw {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** `fetch` would decompress by itself, and not show what came. */
async function serve(options: Partial<BffOptions> = {}) {
  const engine = engineOver(SDL, root);
  const { origin } = await serveBff({ dir: folderOf(FILES), engine: () => engine, ...options });
  return (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    new Promise<Raw>((resolve, reject) => {
      const req = request(`${origin}/bff/web/${path}`, { method, headers }, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk) => chunks.push(chunk));
        res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks) }));
      });
      req.on('error', reject);
      req.end();
    });
}

test.each(['long', 'kept'])('%s: the form that the client likes best, each with a tag of its own', async (path) => {
  const get = await serve();
  const plain = await get(path);
  expect(plain.headers).toMatchObject({ vary: expect.stringContaining('accept-encoding') });
  const br = await get(path, { 'accept-encoding': 'gzip, deflate, br' });
  expect(br.headers['content-encoding']).toBe('br');
  expect(brotliDecompressSync(br.body)).toEqual(plain.body);
  const gzip = await get(path, { 'accept-encoding': 'gzip, br;q=0.5' });
  expect(gzip.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(gzip.body)).toEqual(plain.body);
  expect(new Set([plain, br, gzip].map(({ headers }) => headers.etag)).size).toBe(3);
  const known = await get(path, { 'if-none-match': String(br.headers.etag), 'accept-encoding': 'br' });
  expect(known).toMatchObject({ status: 304, body: Buffer.alloc(0), headers: { etag: br.headers.etag } });
});

test('short answers are sent as they are', async () => {
  const get = await serve();
  const { headers } = await get('short', { 'accept-encoding': 'br' });
  expect(headers).not.toHaveProperty('content-encoding');
  expect(headers.vary).toBe('accept');
});

test('nothing is compressed where that is switched off', async () => {
  const get = await serve({ compressFrom: undefined });
  expect((await get('long', { 'accept-encoding': 'br' })).headers).not.toHaveProperty('content-encoding');
});

test('HEAD has the headers of GET and no body', async () => {
  const get = await serve();
  for (const path of ['short', 'long', 'kept']) {
    const full = await get(path);
    const head = await get(path, {}, 'HEAD');
    expect(head.body).toHaveLength(0);
    expect(head.headers['content-length']).toBe(String(full.body.length));
    expect(head.headers.etag).toBe(full.headers.etag);
  }
});

test('OPTIONS says what may be asked', async () => {
  const get = await serve();
  expect(await get('short', {}, 'OPTIONS')).toMatchObject({ status: 204, headers: { allow: 'GET, HEAD, OPTIONS' } });
});

test('in development, how long what took', async () => {
  expect((await (await serve())('short')).headers['server-timing']).toMatch(/^engine;dur=\d+\.\d$/);
  expect((await (await serve({ dev: false }))('short')).headers).not.toHaveProperty('server-timing');
});

test.each([
  [undefined, undefined],
  ['', undefined],
  ['identity', undefined],
  ['gzip', 'gzip'],
  ['br, gzip', 'br'],
  ['*', 'br'],
  ['gzip;q=1.0, br;q=0', 'gzip'],
  ['br;q=0, gzip;q=0', undefined],
  ['identity;q=1, gzip;q=0.5', undefined],
  ['GZIP', 'gzip'],
])('accept-encoding %s: %s', (header, expected) => {
  expect(chooseEncoding(header)).toBe(expected);
});

test('a client that takes no identity gets a short answer encoded, or 406 where it takes nothing', async () => {
  const get = await serve();
  const short = await get('short', { 'accept-encoding': 'gzip, identity;q=0' });
  expect(short.headers['content-encoding']).toBe('gzip');
  expect(JSON.parse(String(gunzipSync(short.body)))).toEqual({ short: 'x' });
  expect((await get('short', { 'accept-encoding': '*;q=0' })).status).toBe(406);
});

test('a body is decoded, and its limit holds for what it becomes', async () => {
  const engine = engineOver('type Query { echo(text: String!): String }', {
    echo: ({ text }: { text: string }) => text,
  });
  const files = { 'app/echo.graphql': 'query ($text: String!) @endpoint(method: POST) { echo(text: $text) }' };
  const { call } = await serveBff({ dir: folderOf(files), engine: () => engine, maxRequestBytes: 1_000 });
  const send = (coding: string, body: Buffer) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': coding };
    return call('/bff/app/echo', { method: 'POST', headers, body: new Uint8Array(body) });
  };
  const json = '\ufeff{"text":"Zoë"}';
  expect((await send('gzip', gzipSync(json))).json).toEqual({ echo: 'Zoë' });
  expect((await send('gzip, br', brotliCompressSync(gzipSync(json)))).json).toEqual({ echo: 'Zoë' });
  expect((await send('gzip', gzipSync(Buffer.alloc(2_000_000, ' ')))).status).toBe(413);
  expect((await send('gzip', Buffer.from(json))).json).toMatchObject({
    status: 400,
    detail: expect.stringContaining('not valid gzip'),
  });
  const unknown = await send('compress', Buffer.from(json));
  expect([unknown.status, unknown.headers.get('accept-encoding')]).toEqual([415, expect.stringContaining('gzip')]);
});
