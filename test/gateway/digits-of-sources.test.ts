import { expect, test } from 'vitest';
import { bodyOf, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { json, stubApi, text } from '../sources/rest/stub-api.ts';
import { gatewayOver } from '../sources/stitched/gateway.ts';
import { post } from './serving.ts';

/** A federation subgraph, a GraphQL service and a REST API that know the same items, by a key that no double holds. */
async function world() {
  const asked: Record<'items' | 'prices' | 'stock', string[]> = { items: [], prices: [], stock: [] };
  const answering = (name: 'items' | 'prices', answer: string) =>
    fakeSubgraph(async (req, res) => {
      asked[name].push(await bodyOf(req));
      res.setHeader('content-type', 'application/json').end(answer);
    });
  const items = await answering(
    'items',
    '{"data":{"items":[{"sku":9007199254740993,"__typename":"Item"},{"sku":9007199254740992,"__typename":"Item"}]}}',
  );
  const prices = await answering(
    'prices',
    '{"data":{"prices":[{"price":1.10,"exact":0.10000000000000000555,"_key":9007199254740993},{"price":1e400,"exact":-0,"_key":9007199254740992}]}}',
  );
  const api = await stubApi(({ url }) =>
    url === '/stock/9007199254740993'
      ? text(200, 'application/json', '{"seq":12345678901234567890,"share":1.0}')
      : json(404, {}),
  );
  const gateway = await gatewayOver({
    items: `extend schema @subgraph(url: "${items.url}")
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
      scalar Long type Query { items(after: Long): [Item!]! } type Item @key(fields: "sku") { sku: Long! }`,
    prices: `extend schema @service(url: "${prices.url}")
      scalar Long type Query { prices(skus: [Long!]!, day: Long): [Item]! @merge(keyField: "sku", keyArg: "skus", additionalArgs: "day: 12345678901234567891") }
      type Item { sku: Long! price: Long exact: Float }`,
    stock: `extend schema
      @link(url: "https://specs.apollo.dev/federation/v2.11", import: ["@key"])
      @link(url: "https://specs.apollo.dev/connect/v0.2", import: ["@source", "@connect"])
      @source(name: "api", http: {baseURL: "${api.url}"})
      scalar Long
      type Query { stock(seq: Long): Long @connect(source: "api", http: {GET: "/stock/{$args.seq}"}, selection: "$.seq") }
      type Item @connect(source: "api", http: {GET: "/stock/{$this.sku}"}, selection: "seq share") { sku: Long! seq: Long share: Float }`,
  });
  return { url: gateway.url, asked, api };
}

test('a key, an answer and an argument have their digits on each way through the graph', async () => {
  const { url, asked, api } = await world();
  const query = '{ items(after: 9007199254740993) { sku price exact seq share } stock(seq: 9007199254740993) }';
  const response = await post(url, { query });
  expect(await response.text()).toBe(
    '{"data":{"items":[' +
      '{"sku":9007199254740993,"price":1.10,"exact":0.10000000000000000555,"seq":12345678901234567890,"share":1.0},' +
      '{"sku":9007199254740992,"price":1e400,"exact":-0,"seq":null,"share":null}' +
      '],"stock":12345678901234567890}}',
  );
  expect(asked.items[0]).toContain('after:9007199254740993');
  expect(asked.prices).toHaveLength(1);
  expect(asked.prices[0]).toContain('[9007199254740993,9007199254740992]');
  expect(asked.prices[0]).toContain('12345678901234567891');
  expect(api.lines().sort()).toEqual(['GET /stock/9007199254740992', 'GET /stock/9007199254740993']);
});
