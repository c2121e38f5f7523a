import { hash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { configFileSchema } from '../../src/config/config.ts';
import { startServer } from '../../src/gateway/server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { folderWith } from '../composition/folder.ts';
import { stubApi } from '../sources/rest/stub-api.ts';
import { stubSubgraph } from '../sources/stitched/gateway.ts';

const SHOP = `
  type Query {
    products: [Product!]! @cacheControl(maxAge: 60)
    shelf: Shelf @cacheControl(maxAge: 300, scope: PUBLIC)
    me: User @cacheControl(maxAge: 30, scope: PRIVATE)
    plain: Product
    secret: String @authenticated @cacheControl(maxAge: 60)
    broken: String @cacheControl(maxAge: 60)
    anyone: Named @cacheControl(maxAge: 60)
  }
  type Mutation { rename: Product @cacheControl(maxAge: 60) }
  type Product @key(fields: "id") { id: ID! name: String maker: Maker }
  type Maker @cacheControl(maxAge: 20) { name: String }
  type Shelf { name: String }
  interface Named { name: String }
  type User implements Named { name: String @cacheControl(scope: PRIVATE) }
  type Robot implements Named { name: String }`;

const resolvers = {
  Query: {
    products: () => [{ id: '1', name: 'Lamp', maker: { name: 'Ann' } }],
    shelf: () => ({ name: 'top' }),
    me: () => ({ name: 'Ann' }),
    plain: () => ({ id: '1', name: 'Lamp' }),
    broken: () => {
      throw new Error('broken');
    },
    anyone: () => ({ __typename: 'Robot', name: 'R2' }),
  },
  Mutation: { rename: () => ({ id: '1', name: 'Lamp' }) },
};

const REVIEWS = (url: string) => `
  extend schema @source(name: "api", http: {baseURL: "${url}"})
  type Query {
    review: Review @connect(source: "api", http: {GET: "/review"}, selection: "id author { id }")
    other: Review @connect(source: "api", http: {GET: "/other"}, selection: "id author { id }")
    hinted: Review @cacheControl(maxAge: 90) @connect(source: "api", http: {GET: "/review"}, selection: "id author { id }")
  }
  type Review { id: ID! author: Author }
  type Author @connect(source: "api", http: {GET: "/authors/{$this.id}"}, selection: "id name") { id: ID! name: String }
  type Product @connect(source: "api", http: {GET: "/stars/{$this.id}"}, selection: "id stars") { id: ID! stars: Int }`;

interface Shop {
  readonly url: string;
  /** `Cache-Control` of a GET. */
  of(query: string, headers?: Record<string, string>): Promise<string | null>;
}

async function gateway(files: Record<string, string>, config: object = {}): Promise<Shop> {
  const named = Object.fromEntries(Object.entries(files).map(([name, text]) => [`${name}.graphql`, text]));
  const file = configFileSchema.parse({
    supergraph: { listen: '127.0.0.1:0' },
    csrf: { unsafe_disabled: true },
    ...config,
  });
  const server = await startServer({
    config: { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false },
    schema: createSupergraphProvider({ schemasDir: await folderWith(named) }),
    logger: createLogger({ level: 'silent', format: 'json' }),
  });
  onTestFinished(() => server.close());
  const of: Shop['of'] = async (query, headers = {}) => {
    const answer = await fetch(`${server.url}?query=${encodeURIComponent(query)}`, { headers });
    await answer.text();
    return answer.headers.get('cache-control');
  };
  return { url: server.url, of };
}

const noKeys = async () => join(await folderWith({ 'keys.json': '{"keys":[]}' }), 'keys.json');

const shop = async (config: object = {}) =>
  gateway(
    {
      shop: (
        await stubSubgraph(SHOP, { resolvers, entities: { Product: ({ id }: { id: string }) => ({ id }) } })
      ).file.replace('"@key"', '"@key", "@authenticated"'),
    },
    config,
  );

test('by the hints of what is read, the shortest counts', async () => {
  const { of } = await shop();
  expect(await of('{ products { name } }')).toBe('public, max-age=60');
  expect(await of('{ products { name maker { name } } }')).toBe('public, max-age=20');
  expect(await of('{ products { name } me { name } }')).toBe('private, max-age=30');
  // nobody says how long a plain product holds
  expect(await of('{ products { name } plain { name } }')).toBe('no-store');
  expect(await of('{ __typename }')).toBe('no-store');
});

test('a document that is known by its hash can be asked for by GET, and kept', async () => {
  const { url } = await shop({ apq: { enabled: true } });
  const query = '{ products { name } }';
  const extensions = { persistedQuery: { version: 1, sha256Hash: hash('sha256', query) } };
  const headers = { 'content-type': 'application/json' };
  await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, extensions }) });
  const known = await fetch(`${url}?extensions=${encodeURIComponent(JSON.stringify(extensions))}`);
  expect(await known.json()).toEqual({ data: { products: [{ name: 'Lamp' }] } });
  expect(known.headers.get('cache-control')).toBe('public, max-age=60');
  extensions.persistedQuery.sha256Hash = hash('sha256', 'another');
  const unknown = await fetch(`${url}?extensions=${encodeURIComponent(JSON.stringify(extensions))}`);
  expect(unknown.headers.get('cache-control')).toBe('no-store');
});

test('one operation of several is what counts, not its neighbours', async () => {
  const { url } = await shop();
  const query = encodeURIComponent(
    'query A { shelf { ...S } } query B { plain { name } } fragment S on Shelf { name }',
  );
  const ask = (name: string) => fetch(`${url}?operationName=${name}&query=${query}`);
  expect((await ask('A')).headers.get('cache-control')).toBe('public, max-age=300');
  expect((await ask('B')).headers.get('cache-control')).toBe('no-store');
});

test('what a type behind an interface says counts for the interface', async () => {
  const { of } = await shop();
  expect(await of('{ anyone { name } }')).toBe('private, max-age=60');
});

test('for clients who say who they are, only what is declared public is public', async () => {
  const { of } = await shop();
  const ann = { authorization: 'Bearer x' };
  expect(await of('{ products { name } }', ann)).toBe('private, max-age=60');
  expect(await of('{ products { name } }', { cookie: 'a=b' })).toBe('private, max-age=60');
  expect(await of('{ shelf { name } }', ann)).toBe('public, max-age=300');
});

test('errors, mutations, refusals and what only some may read are kept by nobody', async () => {
  const { of, url } = await shop();
  expect(await of('{ broken }')).toBe('no-store');
  expect(await of('{ secret }')).toBe('no-store');
  expect(await of('{ products {')).toBe('no-store');
  const body = JSON.stringify({ query: 'mutation { rename { name } }' });
  const mutation = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  expect(await mutation.json()).toEqual({ data: { rename: { name: 'Lamp' } } });
  expect(mutation.headers.get('cache-control')).toBe('no-store');
});

test('what responses depend on is reported, with what is sent on to sources', async () => {
  const headers = { all: { request: [{ propagate: { named: 'accept-language' } }] } };
  const { url } = await shop({ headers, api_keys: { file: await noKeys() } });
  const varyOf = async (query: string) => (await fetch(`${url}?query=${query}`)).headers.get('vary');
  expect(await varyOf('{products{name}}')).toBe('accept, accept-language, authorization, cookie, x-api-key');
  expect(await varyOf('{shelf{name}}')).toBe('accept, accept-language');
});

test('where any header may go to sources, Vary cannot name it, and nothing is public', async () => {
  const headers = { all: { request: [{ propagate: { matching: '^x-' } }] } };
  const { of, url } = await shop({ headers });
  expect(await of('{ products { name } }')).toBe('private, max-age=60');
  expect(await of('{ shelf { name } }')).toBe('private, max-age=300');
  expect((await fetch(`${url}?query={shelf{name}}`)).headers.get('vary')).toBe('*');
});

test('rules for headers take precedence, and it can be switched off', async () => {
  const response = [{ insert: { name: 'cache-control', value: 'max-age=7' } }];
  expect(await (await shop({ headers: { all: { response } } })).of('{ products { name } }')).toBe('max-age=7');
  expect(await (await shop({ cache_control: { enabled: false } })).of('{ products { name } }')).toBeNull();
});

test('a schema that says nothing of it has no such header', async () => {
  const plain = await stubSubgraph('type Query { a: Int }', { entities: { Query: () => null } });
  expect(await (await gateway({ plain: plain.file })).of('{ a }')).toBeNull();
});

/** A gateway before an API whose answers have these headers, by path, and a subgraph whose products the API knows stars of. */
async function withReviews(controls: Record<string, Record<string, string>>): Promise<Shop> {
  const api = await stubApi(({ url }) => (response: ServerResponse) => {
    response.writeHead(200, controls[url] ?? {});
    response.end(JSON.stringify({ id: '1', name: 'Ann', stars: 5, author: { id: '7' } }));
  });
  const { file } = await stubSubgraph(SHOP, { resolvers, entities: { Product: () => null } });
  return gateway({ shop: file.replace('"@key"', '"@key", "@authenticated"'), reviews: REVIEWS(api.url) });
}

test('by what REST APIs say with their answers', async () => {
  const { of } = await withReviews({
    '/review': { 'cache-control': 'max-age=50', age: '10' },
    '/authors/7': { 'cache-control': 'private, max-age=30' },
    '/stars/1': { 'cache-control': 'max-age=5' },
  });
  expect(await of('{ review { id } }')).toBe('public, max-age=40');
  expect(await of('{ review { author { name } } }')).toBe('private, max-age=30');
  expect(await of('{ hinted { id } }')).toBe('public, max-age=40');
  expect(await of('{ products { stars } }')).toBe('public, max-age=5');
  // of this one nobody says anything
  expect(await of('{ other { id } }')).toBe('no-store');
  expect(await of('{ review { id } other { id } }')).toBe('no-store');
});

test('an answer that no cache may keep, or that varies with who asks', async () => {
  const { of } = await withReviews({
    '/review': { 'cache-control': 'public, max-age=50', vary: 'Accept, Authorization' },
    '/other': { 'cache-control': 'no-store' },
    '/stars/1': { expires: '0' },
  });
  expect(await of('{ review { id } }')).toBe('public, max-age=50');
  expect(await of('{ review { id } }', { authorization: 'Bearer x' })).toBe('private, max-age=50');
  expect(await of('{ other { id } }')).toBe('no-store');
  expect(await of('{ products { stars } }')).toBe('no-store');
});

test('by the headers of subgraphs, where the config says that these count', async () => {
  const saying = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=25' });
    response.end('{"data":{"a":1,"hinted":2}}');
  });
  await new Promise<void>((resolve) => saying.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void saying.close());
  const url = `http://127.0.0.1:${(saying.address() as AddressInfo).port}`;
  const plain = `extend schema @subgraph(url: "${url}") type Query { a: Int hinted: Int @cacheControl(maxAge: 60) }`;
  const heeding = await gateway({ plain }, { cache_control: { subgraph_headers: { subgraphs: { plain: true } } } });
  expect(await heeding.of('{ a }')).toBe('public, max-age=25');
  expect(await heeding.of('{ hinted }')).toBe('public, max-age=25');
  const deaf = await gateway({ plain });
  expect(await deaf.of('{ a }')).toBe('no-store');
  expect(await deaf.of('{ hinted }')).toBe('public, max-age=60');
});
