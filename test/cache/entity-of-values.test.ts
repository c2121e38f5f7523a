import { describe, expect, it } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { gatewayOver, stubSubgraph } from '../sources/stitched/gateway.ts';

const KEY = 'a-shared-key-for-tests';

const SHOP = `
  type Query {
    product(id: ID!): Product @cacheControl(maxAge: 60)
    media: [Media!]! @cacheControl(maxAge: 60)
    found: [Found!]! @cacheControl(maxAge: 60)
  }
  interface Media { id: ID! title: String }
  union Found = Book | Product
  type Book implements Media @key(fields: "id") { id: ID! title: String }
  type Product @key(fields: "id") { id: ID! name: String parts: [Product!] @cacheControl(maxAge: 60) }`;
const STARS =
  'type Query { top: Int } type Product @key(fields: "id") { id: ID! stars: Int @cacheControl(maxAge: 60) }';

async function world(endpoint = 'query @endpoint { product(id: "1") { name } }') {
  const product = (id: string): object =>
    ({ __typename: 'Product', id, name: `Lamp ${id}`, parts: id === '1' ? [product('2')] : [] }) as never;
  const book = { __typename: 'Book', id: '7', title: 'Dune' };
  const resolvers = {
    Query: {
      product: (_: never, { id }: { id: string }) => product(id),
      media: () => [book],
      found: () => [book, product('1')],
    },
  };
  const shop = await stubSubgraph(SHOP, {
    resolvers,
    entities: { Product: ({ id }: { id: string }) => product(id), Book: () => book },
  });
  const stars = await stubSubgraph(STARS, {
    resolvers: { Product: { stars: () => 5 } },
    entities: { Product: ({ id }: { id: string }) => ({ id }) },
  });
  const bff = folderOf({ 'web/one.graphql': endpoint });
  const gateway = await cachedGateway({ shop: shop.file, stars: stars.file }, bff);
  /** Returns how many values were removed. */
  const purge = (entity: string, subgraph: string | null = 'shop') => {
    const [type, key] = entity.split(':');
    return gateway.invalidate({ kind: 'entity', subgraph: subgraph ?? undefined, type, key });
  };
  return { ...gateway, purge };
}

async function cachedGateway(files: Readonly<Record<string, string>>, bff: string) {
  const gateway = await gatewayOver(
    files,
    {
      response_cache: { enabled: true, jitter: '0%', invalidation: { shared_key: KEY } },
      admin: { listen: '127.0.0.1:0', token: KEY },
      csrf: { unsafe_disabled: true },
    },
    bff,
  );
  /** Returns how many values were removed. */
  const invalidate = async (request: object): Promise<number> => {
    const url = gateway.adminUrl?.replace(/admin$/, 'invalidation') ?? '';
    const init = { method: 'POST', headers: { authorization: KEY }, body: JSON.stringify([request]) };
    return (await (await fetch(url, init)).json()).count;
  };
  return { ...gateway, invalidate };
}

describe('a value ends with an entity in it whose key the fetch selects', () => {
  it.each([
    ['the key is selected', '{ product(id: "1") { id name } }', 'Product:1', 1],
    ['it has an alias', '{ product(id: "1") { sku: id id: name } }', 'Product:1', 1],
    ['it is in a fragment', '{ product(id: "1") { ...Key } } fragment Key on Product { id }', 'Product:1', 1],
    ['another subgraph needs it', '{ product(id: "1") { stars } }', 'Product:1', 1],
    ['it is that of an entity in a list', '{ product(id: "1") { parts { id } } }', 'Product:2', 1],
    ['it is a field of an interface', '{ media { id } }', 'Book:7', 1],
    ['it has an alias there', '{ media { key: id } }', 'Book:7', 1],
    ['it is selected for one type of a union', '{ found { ... on Book { id } ... on Product { name } } }', 'Book:7', 1],
    [
      'not where it is selected for another type',
      '{ found { ... on Book { id } ... on Product { name } } }',
      'Product:1',
      0,
    ],
    ['not where the key is an argument', '{ product(id: "1") { name } }', 'Product:1', 0],
    ['not where only that of another entity is selected', '{ product(id: "1") { id parts { name } } }', 'Product:2', 0],
  ])('%s', async (_, query, entity, count) => {
    const { ask, purge } = await world();
    expect((await ask(query)).errors).toBeUndefined();
    expect(await purge(entity)).toBe(count);
  });

  it.each([
    ['as does a whole response', '{ product(id: "1") { id } }', 2],
    ['which need not be selected by the client', '{ product(id: "1") { stars } }', 2],
    ['not a whole response without it', '{ product(id: "1") { name } }', 0],
  ])('%s', async (_, query, count) => {
    const { url, purge } = await world();
    await (await fetch(`${url}?query=${encodeURIComponent(query)}`)).text();
    expect(await purge('Product:1')).toBe(count);
  });

  it.each([
    ['as does the response of an endpoint', '', '{ product(id: "1") { id } }', 2],
    ['not one without it', '', '{ product(id: "1") { name } }', 0],
    // the root field itself stays
    ['and one whose argument is its id', '($id: ID!)', '{ product(id: $id) { name } }', 1],
  ])('%s', async (_, variables, selection, count) => {
    const { url, purge } = await world(`query ${variables} @endpoint(cache: {maxAge: "1h"}) ${selection}`);
    const search = variables === '' ? '' : '?id=1';
    expect((await fetch(url.replace('/graphql', `/bff/web/one${search}`))).status).toBe(200);
    expect(await purge('Product:1', null)).toBe(count);
  });
});

describe('an entity of a type with several keys', () => {
  const KEYS = `
    type Query { byId: Item @cacheControl(maxAge: 60) bySku: Item @cacheControl(maxAge: 60) }
    type Item @key(fields: "id") @key(fields: "sku") { id: ID! sku: String! name: String }`;
  const lamp = { __typename: 'Item', id: '1', sku: 'lamp', name: 'Lamp' };
  const sofa = { __typename: 'Item', id: '7', sku: '1', name: 'Sofa' };

  async function items() {
    const subgraph = await stubSubgraph(KEYS, {
      resolvers: { Query: { byId: () => lamp, bySku: () => sofa } },
      entities: { Item: () => lamp },
    });
    const { ask, invalidate } = await cachedGateway({ items: subgraph.file }, folderOf({}));
    await ask('{ byId { id } }');
    await ask('{ bySku { sku } }');
    return (key: unknown) => invalidate({ kind: 'entity', type: 'Item', key });
  }

  it.each<[string, unknown, number]>([
    ['the id', { id: '1' }, 1],
    ['the other key', { sku: '1' }, 1],
    ['a value of the other field', { sku: '7' }, 0],
    ['a value without a field, which may be that of either', '1', 2],
  ])('is invalidated by %s', async (_, key, count) => {
    const purge = await items();
    expect(await purge(key)).toBe(count);
  });
});

describe('the response of an endpoint is that of an entity by its id', () => {
  it.each([
    [{ id: '1' }, 2],
    [{ name: '1' }, 0],
  ])('%j', async (key, count) => {
    const { url, invalidate } = await world('query @endpoint(cache: {maxAge: "1h"}) { product(id: "1") { id } }');
    expect((await fetch(url.replace('/graphql', '/bff/web/one'))).status).toBe(200);
    expect(await invalidate({ kind: 'entity', type: 'Product', key })).toBe(count);
  });
});
