import type { ServerResponse } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import { composeSupergraph } from '../../../src/composition/compose.ts';
import { readSources } from '../../../src/composition/read-sources.ts';
import { createSupergraphProvider } from '../../../src/composition/supergraph-provider.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { startServer } from '../../../src/gateway/server.ts';
import { folderWith } from '../../composition/folder.ts';
import { gatewayOver, stubSubgraph } from '../stitched/gateway.ts';
import { json, type StubApi, stubApi } from './stub-api.ts';

const PRODUCTS = Array.from({ length: 12 }, (_, at) => ({ id: String(at % 4), weight: at % 4 }));

/** Products are a federation subgraph; reviews of them and what it costs to send them are REST. */
async function shop(handler: Parameters<typeof stubApi>[0]) {
  const products = await stubSubgraph(
    `type Query { products: [Product!]! }
     type Product @key(fields: "id") { id: ID! weight: Int! }`,
    {
      resolvers: { Query: { products: () => PRODUCTS } },
      entities: { Product: ({ id }: { id: string }) => PRODUCTS[Number(id)] ?? null },
    },
  );
  const api = await stubApi(handler);
  const reviews = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.11", import: ["@key", "@external"])
extend schema @link(url: "https://specs.apollo.dev/connect/v0.2", import: ["@source", "@connect"])
extend schema @source(name: "api", http: {baseURL: "${api.url}", headers: [{name: "x-user", from: "x-user"}]})
type Query {
  review(id: ID!): Review @connect(source: "api", http: {GET: "/reviews/{$args.id}"}, selection: "id text product: { id: productId }", entity: true)
}
type Review { id: ID! text: String! product: Product }
type Product @connect(source: "api", http: {POST: "/ratings", body: "ids: $batch.id"}, selection: "id rating") {
  id: ID!
  weight: Int! @external
  rating: Float
  shipping: String @connect(source: "api", http: {GET: "/shipping?weight={$this.weight}"}, selection: "$.price")
}`;
  return { api, products, files: { products: products.file, reviews } };
}

const answering: Parameters<typeof stubApi>[0] = ({ method, url, body }) => {
  if (method === 'POST') return (JSON.parse(body).ids as string[]).map((id) => ({ id, rating: Number(id) + 0.5 }));
  if (url.startsWith('/shipping')) return { price: `${url.split('=')[1]} EUR` };
  const id = url.split('/').at(-1);
  return id === 'none' ? json(404, {}) : { id, text: 'fine', productId: '2' };
};

const QUERY = '{ products { id rating shipping } review(id: "r1") { text product { id rating weight shipping } } }';

function expectWhole(data: Record<string, unknown>): void {
  expect((data.products as unknown[])[7]).toEqual({ id: '3', rating: 3.5, shipping: '3 EUR' });
  expect(data.products).toHaveLength(12);
  expect(data.review).toEqual({ text: 'fine', product: { id: '2', rating: 2.5, weight: 2, shipping: '2 EUR' } });
}

describe('REST and a federation subgraph, one graph', () => {
  test('each resource is asked for once in a request', async () => {
    const { api, files } = await shop(answering);
    const gateway = await gatewayOver(files);
    const { data, errors } = await gateway.ask(QUERY, { headers: { 'x-user': 'ann' } });
    expect(errors).toBeUndefined();
    expectWhole(data);
    const lines = api.lines().sort();
    expect(lines.filter((line) => line.startsWith('GET'))).toEqual([
      'GET /reviews/r1',
      'GET /shipping?weight=0',
      'GET /shipping?weight=1',
      'GET /shipping?weight=2',
      'GET /shipping?weight=3',
    ]);
    expect(lines.filter((line) => line.startsWith('POST')).length).toBeLessThanOrEqual(2);
    expect(new Set(api.calls.map(({ headers }) => headers['x-user']))).toEqual(new Set(['ann']));
  });

  test('errors have the paths and words of the client', async () => {
    const { files } = await shop((call) => (call.url.endsWith('=3') ? json(500, {}) : answering(call)));
    const { data, errors } = await (await gatewayOver(files)).ask(
      '{ all: products { ship: shipping } review(id: "none") { id } }',
    );
    expect(data.all.slice(0, 4)).toEqual([{ ship: '0 EUR' }, { ship: '1 EUR' }, { ship: '2 EUR' }, { ship: null }]);
    expect(data.review).toBeNull();
    expect(errors?.map(({ path }) => path?.join('.')).sort()).toEqual(['all.11.ship', 'all.3.ship', 'all.7.ship']);
    expect(errors?.[0]).toMatchObject({
      message: 'The REST API returned HTTP status 500 for Product.shipping.',
      extensions: { code: 'SUBREQUEST_HTTP_ERROR', service: 'reviews', http: { status: 500 } },
    });
  });

  test('a supergraph file alone is enough to serve it', async () => {
    const { files } = await shop(answering);
    const named = Object.entries(files).map(([name, text]) => [`${name}.graphql`, text]);
    const { sources } = await readSources(await folderWith(Object.fromEntries(named)));
    const composition = composeSupergraph(sources);
    if (!composition.ok) throw new Error(composition.problems[0]?.message);
    const dir = await folderWith({ 'super.graphql': composition.supergraphSdl });
    const server = await startServer({
      config: loadConfig({ env: { PORT: '0', LOG_LEVEL: 'fatal' } }),
      schema: createSupergraphProvider({ supergraphFile: `${dir}/super.graphql` }),
    });
    try {
      const response = await fetch(`${server.url}?query=${encodeURIComponent(QUERY)}`);
      const { data, errors } = (await response.json()) as { data: Record<string, unknown>; errors?: unknown };
      expect(errors).toBeUndefined();
      expectWhole(data);
    } finally {
      await server.close();
    }
  });
});

test('settings of the config: where, how long, how much, and $config', async () => {
  const api = await stubApi(({ url }) => {
    if (url.startsWith('/slow')) return () => undefined;
    return url.startsWith('/long') ? { a: 'x'.repeat(2_000) } : { a: url };
  });
  const get = (path: string) => `@connect(source: "api", http: {GET: "${path}"}, selection: "$.a")`;
  const sdl = `extend schema @source(name: "api", http: {baseURL: "http://192.0.2.1/old"})
type Query { plain: String ${get('/plain/{$config.stage}?k={$config.key}')} slow: String ${get('/slow')} long: String ${get('/long')} }`;
  const gateway = await gatewayOver(
    { things: sdl },
    {
      connectors: {
        subgraphs: { things: { $config: { stage: 'test', key: 'a' } } },
        sources: { 'things.api': { override_url: api.url, max_response_bytes: 1_000, $config: { key: 'b' } } },
      },
      traffic_shaping: { subgraphs: { things: { timeout: '3s' } } },
    },
  );
  const { data, errors } = await gateway.ask('{ plain slow long }');
  expect(data).toEqual({ plain: '/plain/test?k=b', slow: null, long: null });
  expect(errors?.map(({ path, extensions }) => [path?.[0], extensions.code]).sort()).toEqual([
    ['long', 'SUBREQUEST_MALFORMED_RESPONSE'],
    ['slow', 'SUBREQUEST_TIMEOUT'],
  ]);
});

test('fields of every type behind an interface, by @interfaceObject', async () => {
  const users = await stubSubgraph(
    `type Query { users: [User!]! }
     interface User @key(fields: "id") { id: ID! }
     type Employee implements User @key(fields: "id") { id: ID! floor: Int }
     type Customer implements User @key(fields: "id") { id: ID! }`,
    {
      resolvers: {
        Query: {
          users: () => [
            { __typename: 'Employee', id: '1', floor: 4 },
            { __typename: 'Customer', id: '2' },
          ],
        },
      },
      entities: {
        Employee: ({ id }: { id: string }) => ({ id, floor: 4 }),
        Customer: ({ id }: { id: string }) => ({ id }),
      },
    },
  );
  const api: StubApi = await stubApi(({ url }) => ({ id: url.split('/').at(-1), colour: 'red' }));
  const colours = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.11", import: ["@key", "@interfaceObject"])
extend schema @source(name: "api", http: {baseURL: "${api.url}"})
type User @connect(source: "api", http: {GET: "/users/{$this.id}"}, selection: "id colour") @interfaceObject @key(fields: "id") { id: ID! colour: String }`;
  const gateway = await gatewayOver({ users: users.file, colours });
  const { data, errors } = await gateway.ask('{ users { __typename id colour ... on Employee { floor } } }');
  expect(errors).toBeUndefined();
  expect(data.users).toEqual([
    { __typename: 'Employee', id: '1', colour: 'red', floor: 4 },
    { __typename: 'Customer', id: '2', colour: 'red' },
  ]);
});

test('an unset variable stops the start, and says which', async () => {
  const sdl = `extend schema @source(name: "api", http: {baseURL: "http://a.test", headers: [{name: "k", value: "\${NO_SUCH_KEY}"}]})
type Query { a: String @connect(source: "api", http: {GET: "/"}, selection: "$.a") }`;
  await expect(gatewayOver({ things: sdl })).rejects.toThrow(
    'things.graphql:1:98  [things] UNSET_VARIABLE  The environment variable NO_SUCH_KEY is not set.',
  );
});

describe('clients whose headers differ', () => {
  const SDL = (
    api: StubApi,
  ) => `extend schema @source(name: "api", http: {baseURL: "${api.url}", headers: [{name: "x-tenant", from: "x-tenant"}]})
type Query { who: String @connect(source: "api", http: {GET: "/who"}, selection: "$.who") }`;

  test('share an answer under way only when the connectors read none of them', async () => {
    const waiting: (() => void)[] = [];
    const api = await stubApi(({ headers }) => (response: ServerResponse) => {
      waiting.push(() => json(200, { who: headers['x-tenant'] })(response));
    });
    const gateway = await gatewayOver({ things: SDL(api) });
    const asked = ['a', 'a', 'b'].map((tenant, at) =>
      gateway.ask('{ who }', { headers: { 'x-tenant': tenant, 'x-other': String(at) } }),
    );
    await vi.waitFor(() => expect(waiting).toHaveLength(2));
    for (const answer of waiting) answer();
    expect((await Promise.all(asked)).map(({ data }) => data.who)).toEqual(['a', 'a', 'b']);
    expect(api.calls).toHaveLength(2);
  });

  test('are sent what the rules for headers say, and what the connector says before that', async () => {
    const api = await stubApi(({ headers }) => ({
      who: `${headers['x-tenant']} ${headers['x-region']} ${headers['x-lang']}`,
    }));
    const request = [
      { propagate: { named: 'x-lang' } },
      { insert: { name: 'x-region', value: 'eu' } },
      { insert: { name: 'x-tenant', value: 'all' } },
    ];
    const gateway = await gatewayOver({ things: SDL(api) }, { headers: { all: { request } } });
    const { data } = await gateway.ask('{ who }', { headers: { 'x-lang': 'de', 'x-tenant': 'mine' } });
    expect(data.who).toBe('mine eu de');
  });
});

test.each(['all', 'subgraphs'])('a GET that hangs is sent a second time with hedging of %s', async (section) => {
  const cancelled = vi.fn();
  const api = await stubApi(({ headers }) => (response: ServerResponse) => {
    // the first one hangs
    if (api.calls.length === 1) response.on('close', cancelled);
    else json(200, { who: headers['x-tenant'] })(response);
  });
  const things = `extend schema @source(name: "api", http: {baseURL: "${api.url}", headers: [{name: "x-tenant", from: "x-tenant"}]})
type Query { who: String @connect(source: "api", http: {GET: "/who"}, selection: "$.who") }`;
  const hedge = { after: '5ms', max_share: '100%' };
  const gateway = await gatewayOver(
    { things },
    {
      telemetry: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } },
      traffic_shaping: section === 'all' ? { all: { hedge } } : { subgraphs: { things: { hedge } } },
    },
  );
  expect(await gateway.ask('{ who }', { headers: { 'x-tenant': 'mine' } })).toEqual({ data: { who: 'mine' } });
  await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce());
  expect(api.lines()).toEqual(['GET /who', 'GET /who']);
  const metrics = await (await fetch(gateway.metricsUrl ?? '')).text();
  expect(metrics).toContain('headgate_subgraph_hedges_total{subgraph="things",result="won"} 1');
});
