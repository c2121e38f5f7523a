import { describe, expect, it } from 'vitest';
import { ExactNumber } from '../../src/shared/exact-json.ts';
import { execute } from './execute.ts';

const typeDefs = `
  scalar Long scalar Money scalar JSON
  type Query { row: Row rows: [Row] }
  type Row { seq: Long id: ID text: String price: Money ratio: Float count: Int json: JSON on: Boolean }
`;

/** What the client gets of `row`, whose fields the subgraph answers as `fields`. */
async function shown(fields: string): Promise<string> {
  const names = [...fields.matchAll(/"(\w+)":/g)].map(([, name]) => name);
  const selected = [...new Set(names)].filter((name) => name !== 'deep').join(' ');
  const { text, errors } = await execute({ a: typeDefs }, `{ row { ${selected} } }`, {
    a: `{"data":{"row":{${fields}}}}`,
  });
  return [text.replace('{"row":{', '').replace(/\}\}$/, ''), ...errors.map(({ message }) => message)].join(' ');
}

describe('numbers of an answer keep their digits', () => {
  it.each([
    ['"seq":9007199254740993'],
    ['"price":0.10000000000000000555'],
    ['"price":10.50'],
    ['"price":1e400'],
    ['"price":-0'],
    ['"ratio":1.0'],
    ['"ratio":12345678901234567890'],
    ['"ratio":0.0000001'],
    ['"json":{"deep":[9007199254740993,{"deep":1.10}]}'],
    ['"price":1.10,"text":"with \\" and 1.10 ]"'],
  ])('%s', async (fields) => {
    expect(await shown(fields)).toBe(fields);
  });

  it('as ids and texts, too, which are strings', async () => {
    expect(await shown('"id":12345678901234567890,"text":12345678901234567890')).toBe(
      '"id":"12345678901234567890","text":"12345678901234567890"',
    );
    expect(await shown('"id":9007199254740993')).toBe('"id":"9007199254740993"');
  });

  it('which makes no number of another type', async () => {
    expect(await shown('"count":9007199254740993')).toBe('"count":null Expected a value of type Int for Row.count.');
    expect(await shown('"on":9007199254740993')).toBe('"on":null Expected a value of type Boolean for Row.on.');
    expect(await shown('"ratio":1e400')).toBe('"ratio":null Expected a value of type Float for Row.ratio.');
    expect(await shown('"count":3.0,"price":1.0')).toBe('"count":3,"price":1.0');
  });

  it('which makes no object of a number', async () => {
    const { text, errors } = await execute({ a: typeDefs }, '{ row { id } rows { id } }', {
      a: '{"data":{"row":12345678901234567890,"rows":[12345678901234567890]}}',
    });
    expect(text).toBe('{"row":null,"rows":[null]}');
    expect(errors.map(({ path }) => path)).toEqual([['row'], ['rows', 0]]);
  });
});

const shop = {
  orders: `
    scalar Long
    type Query { orders: [Order] order(id: Long, at: Long): Order }
    type Order { id: Long product: Product }
    type Product @key(fields: "sku") @key(fields: "id part") { sku: Long id: ID part: Long }
  `,
  stock: `
    scalar Long
    type Product @key(fields: "sku") { sku: Long inStock: Boolean }
  `,
};

describe('numbers that go to subgraphs keep their digits', () => {
  it('as keys: two that are the same number to JavaScript are two entities', async () => {
    const { text, received } = await execute(shop, '{ orders { product { inStock } } }', {
      orders: `{"data":{"orders":[${['9007199254740993', '9007199254740992', '9007199254740993']
        .map((sku) => `{"product":{"sku":${sku}}}`)
        .join()}]}}`,
      stock: '{"data":{"_entities":[{"inStock":true},{"inStock":false}]}}',
    });
    expect(received.stock?.[0]?.body).toContain(
      '"representations":[{"__typename":"Product","sku":9007199254740993},{"__typename":"Product","sku":9007199254740992}]',
    );
    expect(JSON.parse(text).orders.map(({ product }: { product: { inStock: boolean } }) => product.inStock)).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('as variables', async () => {
    const { received } = await execute(
      shop,
      'query ($id: Long, $at: Long) { order(id: $id, at: $at) { id } }',
      { orders: '{"data":{"order":null}}', stock: '{}' },
      { variables: { id: new ExactNumber('9007199254740993'), at: [new ExactNumber('1.10')] } },
    );
    expect(received.orders?.[0]?.body).toContain('"variables":{"id":9007199254740993,"at":[1.10]}');
  });

  it('as literals', async () => {
    const { received } = await execute(shop, '{ order(id: 9007199254740993, at: 1.10) { id } }', {
      orders: '{"data":{"order":null}}',
      stock: '{}',
    });
    expect(received.orders?.[0]?.query).toBe('{order(id:9007199254740993,at:1.10){id}}');
  });
});
