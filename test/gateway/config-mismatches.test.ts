import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadSupergraph } from '../../src/composition/load-supergraph.ts';
import { createSupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { configMismatches, hintMismatches } from '../../src/gateway/config-mismatches.ts';
import { startServer } from '../../src/gateway/server.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { folderOf } from '../bff/support.ts';
import { recordingLogger } from './serving.ts';

const FILES = {
  'schemas/products.graphql': `extend schema @subgraph(url: "http://products")
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@tag", "@override"])
type Query { search(text: String, filter: Filter): [Product] }
input Filter { owner: Filter, region: [String] }
type Product @key(fields: "id") { id: ID! name: String @tag(name: "partner") price: Int @override(from: "stock", label: "price-moved") }`,
  'schemas/stock.graphql': `extend schema @subgraph(url: "http://stock")
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
type Product @key(fields: "id") { id: ID! price: Int }`,
};

/** What in a config does not fit the schemas above, as lines. */
async function mismatches(yaml: string): Promise<string[]> {
  const dir = folderOf({ ...FILES, 'headgate.yaml': yaml });
  const loaded = await loadSupergraph({ schemasDir: join(dir, 'schemas') });
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  const config = loadConfig({ file: join(dir, 'headgate.yaml'), env: {} });
  const supergraph = readSupergraph(loaded.update.sdl);
  return [...configMismatches(config, supergraph), ...hintMismatches(config, supergraph)].map((problem) =>
    formatProblem(problem).replace(`${dir}/`, ''),
  );
}

test.each([
  'subgraphs: { stok: { url: "http://stock" } }',
  'traffic_shaping: { subgraphs: { stok: { timeout: 1s } } }',
  'include_subgraph_errors: { subgraphs: { stok: true } }',
  'headers: { subgraphs: { stok: { request: [] } } }',
  'authentication: { subgraph: { subgraphs: { stok: {} } } }',
  'rate_limits: { subgraphs: { stok: [{ limit: 1 }] } }',
  'cache_control: { subgraph_headers: { subgraphs: { stok: true } } }',
  'demand_control: { enabled: true, strategy: { static_estimated: { subgraph: { subgraphs: { stok: { max: 1 } } } } } }',
  'subscription: { mode: { passthrough: { subgraphs: { stok: { protocol: sse } } } } }',
  'subscription: { mode: { callback: { public_url: "http://gateway/callbacks", subgraphs: [products, stok] } } }',
])('a subgraph that is not there, in any section: %s', async (yaml) => {
  const [problem, ...more] = await mismatches(yaml);
  expect(problem).toContain(`headgate.yaml:1:${yaml.indexOf('stok') + 1}  UNKNOWN_SUBGRAPH`);
  expect(problem).toContain('there is no subgraph "stok".\n    hint: Did you mean "stock"?');
  expect(more).toEqual([]);
});

test.each([
  [
    'rate_limits: { fields: { Query.serch: [{ limit: 1 }] } }',
    'UNKNOWN_COORDINATE  rate_limits.fields.Query.serch: The type "Query" has no field "serch".\n    hint: Did you mean "Query.search"?',
  ],
  [
    'rate_limits: { fields: { Prodct: [{ limit: 1 }] } }',
    'UNKNOWN_COORDINATE  rate_limits.fields.Prodct: The schema has no type "Prodct".\n    hint: Did you mean "Product"?',
  ],
  [
    'rate_limits: { fields: { Query.search: [{ limit: 1 }, { limit: 2, by: [ip, "arg:txt"] }] } }',
    'UNKNOWN_ARGUMENT  rate_limits.fields.Query.search[1].by: "arg:txt" does not exist: the field has no "txt".\n    hint: Did you mean "text"?',
  ],
  [
    'rate_limits: { fields: { Query.search: [{ limit: 1, by: ["arg:filter.owner.regio"] }] } }',
    'UNKNOWN_ARGUMENT  rate_limits.fields.Query.search[0].by: "arg:filter.owner.regio" does not exist: "Filter" has no "regio".\n    hint: Did you mean "region"?',
  ],
  [
    'rate_limits: { fields: { Query.search: [{ limit: 1, by: ["arg:text.length"] }] } }',
    'UNKNOWN_ARGUMENT  rate_limits.fields.Query.search[0].by: "arg:text.length" does not exist: "String" has no "length".',
  ],
  [
    'rate_limits: { fields: { Product: [{ limit: 1, by: ["arg:id"] }] } }',
    'UNKNOWN_ARGUMENT  rate_limits.fields.Product[0].by: "arg:id" can only be used on a field.',
  ],
  [
    'bff: { cache: { hints: { Product.nam: { max_age: 1m } } } }',
    'UNKNOWN_CACHE_HINT  bff.cache.hints.Product.nam: The type "Product" has no field "nam".\n    hint: Did you mean "Product.name"?',
  ],
  [
    'override_labels: { labels: { price-move: true } }',
    'UNKNOWN_LABEL  override_labels.labels.price-move: no @override of the schema has the label "price-move".\n    hint: Did you mean "price-moved"?',
  ],
  [
    'contracts: [{ name: p, path: /graphql/p, include: [partner, partnr] }]',
    'UNKNOWN_TAG  contracts[0].include[1]: nothing in the schema has the tag "partnr".\n    hint: Did you mean "partner"?',
  ],
  [
    'connectors: { sources: { stock.api: { override_url: "http://a" } } }',
    'UNKNOWN_CONNECTORS  connectors.sources.stock.api: no schema file has a @source of that name; expected SUBGRAPH.SOURCE.\n    hint: There are none.',
  ],
])('a name that the schema does not have: %s', async (yaml, problem) => {
  expect(await mismatches(yaml)).toEqual([expect.stringContaining(problem)]);
});

test('what is there is no problem', async () => {
  const yaml = `
subgraphs: { stock: { url: "http://elsewhere" } }
rate_limits: { fields: { Query.search: [{ limit: 1, by: ["arg:text", "arg:filter.owner.region"] }], Product: [{ limit: 2 }] } }
override_labels: { labels: { price-moved: true } }
contracts: [{ name: p, path: /graphql/p, exclude: [partner] }]
`;
  expect(await mismatches(yaml)).toEqual([]);
});

test('the gateway does not start with it; one that runs keeps the schema that fits', async () => {
  const yaml = 'supergraph: { listen: "127.0.0.1:0" }\ntraffic_shaping: { subgraphs: { stock: { timeout: 1s } } }';
  const dir = folderOf({ ...FILES, 'headgate.yaml': yaml, 'bad.yaml': yaml.replace('stock', 'stok') });
  const { logger, lines } = recordingLogger();
  const start = (file: string) =>
    startServer({
      config: loadConfig({ file: join(dir, file), env: {} }),
      schema: createSupergraphProvider({ schemasDir: join(dir, 'schemas') }),
      logger,
    });
  await expect(start('bad.yaml')).rejects.toThrow('traffic_shaping.subgraphs.stok: there is no subgraph "stok".');

  const server = await start('headgate.yaml');
  onTestFinished(() => server.close());
  writeFileSync(
    join(dir, 'schemas/stock.graphql'),
    'extend schema @subgraph(url: "http://stock")\ntype Query { inStock: Boolean }',
  );
  // two subgraphs still, but one has another name
  renameSync(join(dir, 'schemas/stock.graphql'), join(dir, 'schemas/storage.graphql'));
  await expect
    .poll(() => lines.map(({ msg }) => msg), { timeout: 20_000 })
    .toContain('the config does not match the new schema; the last good schema keeps serving');
  const line = lines.find(({ msg }) => msg.startsWith('the config does not match'));
  expect(line?.problems).toEqual([expect.stringContaining('there is no subgraph "stock".')]);
  const sdl = await (
    await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ __type(name: "Product") { name } }' }),
    })
  ).json();
  expect(sdl).toEqual({ data: { __type: { name: 'Product' } } });
});

test('documents of a manifest that do not match the schema or exceed limits are logged', async () => {
  const dir = folderOf({
    ...FILES,
    'operations/good.graphql': 'query Good { search { name } }',
    'operations/old.graphql': 'query Old {\n  search { colour }\n}',
    'operations/twice.graphql': 'query Twice { search { one: name two: name } }',
    'headgate.yaml': 'persisted_queries: { enabled: true, manifest: [operations] }\nlimits: { max_aliases: 1 }',
  });
  const { logger, lines } = recordingLogger();
  const server = await startServer({
    config: loadConfig({ file: join(dir, 'headgate.yaml'), env: {}, flags: { port: 0 } }),
    schema: createSupergraphProvider({ schemasDir: join(dir, 'schemas') }),
    logger,
  });
  onTestFinished(() => server.close());
  const message =
    'documents of persisted_queries.manifest do not match the schema or exceed limits: requests for them are refused';
  const logged = () => lines.filter(({ msg }) => msg === message);
  await expect.poll(() => logged().length).toBe(1);
  expect(logged()[0]?.problems).toEqual([
    expect.stringMatching(/old\.graphql:2:12 {2}INVALID_DOCUMENT {2}Old \(".*"\): Cannot query field "colour"/),
    expect.stringMatching(
      /twice\.graphql:1:1 {2}MAX_ALIASES_LIMIT {2}".*": The operation has 2 aliases; limits\.max_aliases allows 1\./,
    ),
  ]);
  rmSync(join(dir, 'operations/old.graphql'));
  await server.reload();
  await expect.poll(() => logged()[1]?.count).toBe(1);
});

test('settings of GraphQL requests are refused for a REST API, where they are set for that one', async () => {
  const api = `extend schema @source(name: "api", http: { baseURL: "http://api.example" })
type Query { title: String @connect(source: "api", http: { GET: "/title" }, selection: "$.title") }`;
  const problemsOf = async (settings: string) => {
    const dir = folderOf({ 'schemas/shop.graphql': api, 'headgate.yaml': `traffic_shaping: ${settings}` });
    const loaded = await loadSupergraph({ schemasDir: join(dir, 'schemas') });
    if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
    const config = loadConfig({ file: join(dir, 'headgate.yaml'), env: {} });
    return configMismatches(config, readSupergraph(loaded.update.sdl)).map(({ message }) => message);
  };
  expect(
    await problemsOf(
      '{ subgraphs: { shop: { max_entities_per_request: 5, retry: { error_codes: [BUSY] }, hedge: {} } } }',
    ),
  ).toEqual([
    'traffic_shaping.subgraphs.shop.max_entities_per_request: "shop" is a REST API, whose connectors decide how many entities a call has.',
    'traffic_shaping.subgraphs.shop.retry.error_codes: "shop" is a REST API, whose responses have no GraphQL errors. Use `retry.on`.',
  ]);
  expect(await problemsOf('{ subgraphs: { shop: { operation_names: true } } }')).toEqual([
    'traffic_shaping.subgraphs.shop.operation_names: "shop" is no federation subgraph, so the operations of plans are not sent to it.',
  ]);
  const all = 'all: { max_entities_per_request: 5, retry: { error_codes: [BUSY] }, hedge: {}, operation_names: true }';
  expect(await problemsOf(`{ ${all}, subgraphs: { shop: { max_entities_per_request: false } } }`)).toEqual([]);
});

test.each([
  [
    'tls: { subgraph: { subgraphs: { stock: {} } } }',
    'NO_TLS  tls.subgraph.subgraphs.stock: has no effect: the URL of "stock" is http://stock, without TLS.\n    hint: Write https:// in the URL.',
  ],
  [
    'traffic_shaping: { subgraphs: { stock: { http2: enable } } }',
    'NO_TLS  traffic_shaping.subgraphs.stock.http2: has no effect: the URL of "stock" is http://stock, without TLS.\n    hint: Write https:// in the URL, or `http2only` for HTTP/2 without TLS.',
  ],
])('a setting about TLS of a subgraph without https: %s', async (yaml, problem) => {
  const [first, ...more] = await mismatches(yaml);
  expect(first).toContain(problem);
  expect(more).toEqual([]);
});

test.each([
  'tls: { subgraph: { all: {} } }',
  'traffic_shaping: { all: { http2: enable } }',
  'traffic_shaping: { subgraphs: { stock: { http2: http2only } } }',
  'traffic_shaping: { subgraphs: { stock: { http2: enable } } }\nsubgraphs: { stock: { url: "https://stock" } }',
  'tls: { subgraph: { subgraphs: { stock: {} } } }\nsubgraphs: { stock: { variants: [{ name: new, weight: 5%, urls: [{ url: "https://new" }] }] } }',
])('a setting about TLS that has an effect, or is for all subgraphs: %s', async (yaml) => {
  expect(await mismatches(yaml)).toEqual([]);
});
