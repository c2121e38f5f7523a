import { describe, expect, it } from 'vitest';
import { bodyOf } from '../sources/fake-subgraph.ts';
import { httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const shop = {
  orders: {
    typeDefs: `
      scalar Long scalar Money
      type Query { order(id: ID, seq: Long, total: Money, ratio: Float, filter: Filter): Order }
      input Filter { seq: Long = 9007199254740993 ids: [ID!] }
      type Order { seq: Long id: ID total: Money ratio: Float product: Product }
      type Product @key(fields: "sku") { sku: Long }
    `,
  },
  stock: {
    typeDefs: 'scalar Long type Product @key(fields: "sku") { sku: Long inStock: Int }',
  },
};

/** A gateway whose subgraphs keep what they receive, as text, and answer a text. */
async function gateway(answers: { orders: string; stock?: string }) {
  const world = await httpWorld(shop);
  const received: string[] = [];
  for (const [name, text] of Object.entries(answers)) {
    world.behave(name, async (req, res) => {
      received.push(await bodyOf(req));
      res.writeHead(200, { 'content-type': 'application/json' }).end(text);
    });
  }
  return { url: world.server.url, received };
}

describe('digits of numbers over HTTP', () => {
  it('come from the subgraph to the client, and go to the next subgraph', async () => {
    const order =
      '"seq":9007199254740993,"id":12345678901234567890,"total":0.10000000000000000555,"ratio":1.0,"product":{"sku":12345678901234567891}';
    const { url, received } = await gateway({
      orders: `{"data":{"order":{${order}}}}`,
      stock: '{"data":{"_entities":[{"inStock":1}]}}',
    });
    const response = await post(url, { query: '{ order { seq id total ratio product { sku inStock } } }' });
    expect(await response.text()).toBe(
      '{"data":{"order":{"seq":9007199254740993,"id":"12345678901234567890","total":0.10000000000000000555,"ratio":1.0,"product":{"sku":12345678901234567891,"inStock":1}}}}',
    );
    expect(received[1]).toContain('{"__typename":"Product","sku":12345678901234567891}');
  });

  it('come with the extensions of an error', async () => {
    const { url } = await gateway({
      orders:
        '{"data":{"order":null},"errors":[{"message":"no","path":["order"],"extensions":{"id":9007199254740993}}]}',
    });
    const response = await post(url, { query: '{ order { seq } }' });
    expect(await response.text()).toContain('"id":9007199254740993');
  });

  const QUERY =
    'query ($id: ID, $seq: Long, $total: Money, $ratio: Float, $filter: Filter) { order(id: $id, seq: $seq, total: $total, ratio: $ratio, filter: $filter) { seq } }';
  const GIVEN =
    '{"id":9007199254740993,"seq":9007199254740993,"total":{"sum":[1.10]},"ratio":0.10000000000000000555,"filter":{"ids":[12345678901234567890]}}';
  const PASSED =
    '"variables":{"id":"9007199254740993","seq":9007199254740993,"total":{"sum":[1.10]},"ratio":0.10000000000000000555,"filter":{"ids":["12345678901234567890"],"seq":9007199254740993}}';

  it('go in variables of a POST', async () => {
    const { url, received } = await gateway({ orders: '{"data":{"order":null}}' });
    const response = await post(url, `{"query":${JSON.stringify(QUERY)},"variables":${GIVEN}}`);
    expect(await response.text()).toBe('{"data":{"order":null}}');
    expect(received[0]).toContain(PASSED);
  });

  it('go in variables of a GET', async () => {
    const { url, received } = await gateway({ orders: '{"data":{"order":null}}' });
    const search = new URLSearchParams({ query: QUERY, variables: GIVEN });
    const response = await fetch(`${url}?${search}`, { headers: { 'apollo-require-preflight': 'true' } });
    expect(await response.text()).toBe('{"data":{"order":null}}');
    expect(received[0]).toContain(PASSED);
  });

  it('go in defaults of variables and in literals', async () => {
    const { url, received } = await gateway({ orders: '{"data":{"order":null}}' });
    const query =
      'query ($seq: Long = 9007199254740993, $filter: Filter = { ids: [12345678901234567890] }) { order(seq: $seq, total: 1.10, filter: $filter) { seq } }';
    const response = await post(url, { query });
    expect(await response.text()).toBe('{"data":{"order":null}}');
    expect(received[0]).toContain('total:1.10');
    expect(received[0]).toContain('"seq":9007199254740993');
    expect(received[0]).toContain('"filter":{"ids":["12345678901234567890"],"seq":9007199254740993}');
  });

  it('do not make numbers of what must be others', async () => {
    const { url } = await gateway({ orders: '{"data":{"order":null}}' });
    const refused = async (variables: string) =>
      (await post(url, `{"query":${JSON.stringify(QUERY)},"variables":${variables}}`)).text();
    expect(await refused('{"filter":12345678901234567890}')).toContain('Expected type \\"Filter\\" to be an object.');
    expect(await refused('{"ratio":1e400}')).toContain('Float cannot represent non numeric value: 1e400');
    expect(await refused('{"id":0.10000000000000000555}')).toContain(
      'ID cannot represent value: 0.10000000000000000555',
    );
    expect(await refused('12345678901234567890')).toContain('\\"variables\\" must be an object, not a number.');
  });
});
