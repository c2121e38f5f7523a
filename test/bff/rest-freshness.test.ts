import { expect, onTestFinished, test } from 'vitest';
import { createSupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { configFileSchema } from '../../src/config/config.ts';
import { startServer } from '../../src/gateway/server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { folderWith } from '../composition/folder.ts';
import { type StubApi, stubApi } from '../sources/rest/stub-api.ts';
import { folderOf } from './support.ts';

/** A gateway before an API whose answers have these headers. Books are kept for a minute, a shelf for as long as it says itself. */
async function library(
  headersOf: (url: string) => Record<string, string>,
  { config = {}, held }: { config?: object; held?: Promise<void> } = {},
): Promise<Library> {
  const api = await stubApi(({ url, headers }) => async (response: import('node:http').ServerResponse) => {
    await held;
    response.writeHead(200, headersOf(url));
    response.end(JSON.stringify({ id: headers.authorization ?? '1', name: 'x', author: { id: '7' } }));
  });
  const schema = `
    extend schema @source(name: "api", http: {baseURL: "${api.url}"})
    type Query { book(id: ID!): Book @connect(source: "api", http: {GET: "/books/{$args.id}"}, selection: "id author { id }") }
    type Book { id: ID! author: Author }
    type Author @connect(source: "api", http: {GET: "/authors/{$this.id}"}, selection: "id name") { id: ID! name: String }`;
  const file = configFileSchema.parse({
    supergraph: { listen: '127.0.0.1:0' },
    ...config,
    bff: { cache: { hints: { Book: { max_age: '60s' }, Author: { inherit: true } } } },
  });
  const server = await startServer({
    config: { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false },
    schema: createSupergraphProvider({ schemasDir: await folderWith({ 'library.graphql': schema }) }),
    bffDir: folderOf({
      'web/book.graphql': 'query ($id: ID!) @endpoint(path: "/books/:id") { book(id: $id) { id author { id } } }',
      'web/author.graphql': 'query ($id: ID!) @endpoint(path: "/authors/:id") { book(id: $id) { id author { name } } }',
      'web/open.graphql':
        'query ($id: ID!) @endpoint(path: "/open/:id", cache: {scope: PUBLIC}) { book(id: $id) { id } }',
      'web/shelf.graphql':
        'query ($id: ID!) @endpoint(path: "/shelf/:id", cache: {maxAge: "90s"}) { book(id: $id) { id } }',
    }),
    logger: createLogger({ level: 'silent', format: 'json' }),
  });
  onTestFinished(() => server.close());
  return { api, get: (path, headers = {}) => fetch(new URL(`/bff/web${path}`, server.url), { headers }) };
}

interface Library {
  readonly api: StubApi;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
}

/** `Cache-Control` of two answers to the same, and how many calls of the API these took. */
async function twice({ api, get }: Library, path: string): Promise<[string | null, number]> {
  const first = await get(path);
  expect(first.status).toBe(200);
  await get(path);
  return [first.headers.get('cache-control'), api.calls.length];
}

test.each([
  ['says nothing', {}, 'public, max-age=60', 1],
  ['says less', { 'cache-control': 'max-age=20' }, 'public, max-age=20', 1],
  ['says more', { 'cache-control': 'public, max-age=600' }, 'public, max-age=60', 1],
  ['has been kept elsewhere for a while', { 'cache-control': 'max-age=20', age: '5' }, 'public, max-age=15', 1],
  ['has been kept elsewhere for too long', { 'cache-control': 'max-age=20', age: '30' }, 'private, no-cache', 2],
  ['is for one alone', { 'cache-control': 'private, max-age=20' }, 'private, no-cache', 2],
  ['is for nobody to keep', { 'cache-control': 'no-store' }, 'no-store', 2],
  ['is to be asked for each time', { 'cache-control': 'No-Cache' }, 'private, no-cache', 2],
])('an answer of an API that %s', async (_, headers, control, calls) => {
  expect(await twice(await library(() => headers), '/books/1')).toEqual([control, calls]);
});

test('of several answers, the one that holds shortest', async () => {
  const headersOf = (url: string) => ({ 'cache-control': `max-age=${url.startsWith('/books') ? 40 : 10}` });
  expect(await twice(await library(headersOf), '/authors/1')).toEqual(['public, max-age=10', 2]);
});

test('what an endpoint says itself goes first', async () => {
  const kept = await library(() => ({ 'cache-control': 'no-store' }));
  expect(await twice(kept, '/shelf/1')).toEqual(['public, max-age=90', 1]);
});

test('a response that the API calls private is for no one who waited for it with other credentials', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { api, get } = await library(() => ({ 'cache-control': 'private, max-age=20' }), {
    config: { headers: { all: { request: [{ propagate: { named: 'authorization' } }] } } },
    held,
  });
  const pending = ['ada', 'bob', 'ada'].map((authorization) => get('/open/1', { authorization }));
  await expect.poll(() => api.calls.length).toBe(1);
  // all have come in by the time that later requests are answered
  for (let count = 0; count < 3; count++) await get('/nothing');
  release();
  const answers = await Promise.all((await Promise.all(pending)).map((one) => one.json()));
  expect(answers.map(({ book }) => book.id)).toEqual(['ada', 'bob', 'ada']);
});
