import { expect, it, onTestFinished } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { gatewayOver, stubSubgraph } from '../sources/stitched/gateway.ts';
import { HAS_REDIS, startRedis } from '../store/redis-server.ts';
import { shop } from './shop.ts';

const SHOP = `
  type Query { products: [Product!]! @cacheControl(maxAge: 60) }
  type Mutation { rename(id: ID!, name: String!): Boolean @invalidates(tags: ["product-{$args.id}"]) }
  type Product @key(fields: "id") @cacheTag(format: "product-{$key.id}") { id: ID! name: String }`;

interface Settings {
  readonly bff?: object;
  readonly store?: object;
}

/** An endpoint whose response has a subgraph's products, and the cache that both share. */
async function world(
  cache: object = {},
  endpoint = '(cache: {maxAge: "1h"})',
  { bff: own = {}, ...others }: Settings = {},
) {
  const names = ['Lamp', 'Desk'];
  const shop = await stubSubgraph(SHOP, {
    resolvers: {
      Query: { products: () => names.map((name, at) => ({ id: String(at), name })) },
      Mutation: {
        rename(_: never, { id, name }: { id: string; name: string }) {
          names[Number(id)] = name;
          return true;
        },
      },
    },
    entities: { Product: ({ id }: { id: string }) => ({ id, name: names[Number(id)] }) },
  });
  const bff = folderOf({ 'web/list.graphql': `query @endpoint${endpoint} { products { id name } }` });
  const bffSettings = { purge_token: 'a-token-to-purge-with', ...own };
  const config = { response_cache: { enabled: true, ...cache }, bff: bffSettings, ...others };
  const gateway = await gatewayOver({ shop: shop.file }, config, bff);
  const at = (path: string) => gateway.url.replace('/graphql', path);
  const list = async () => {
    const response = await fetch(at('/bff/web/list'));
    return [response.headers.get('cache-status'), (await response.json()).products[0].name];
  };
  return { ...gateway, at, list };
}

it('an endpoint’s response ends when a mutation changes what is in it', async () => {
  const { ask, list } = await world();
  expect(await list()).toEqual(['headgate; fwd=uri-miss', 'Lamp']);
  expect(await list()).toEqual(['headgate; hit', 'Lamp']);
  await ask('mutation { rename(id: "0", name: "Lantern") }');
  expect(await list()).toEqual(['headgate; fwd=uri-miss', 'Lantern']);
});

it.skipIf(!HAS_REDIS)('so does one in Redis, where only endpoints are', async () => {
  const server = await startRedis();
  onTestFinished(() => server.close());
  const redis = { url: server.url, timeout: '2s', required_timeout: '2s' };
  const { ask, list } = await world({}, undefined, { bff: { redis: true }, store: { redis } });
  await list();
  expect(await list()).toEqual(['headgate; hit', 'Lamp']);
  await ask('mutation { rename(id: "0", name: "Lantern") }');
  expect(await list()).toEqual(['headgate; fwd=uri-miss', 'Lantern']);
});

it('a purge of an entity removes it from endpoints and subgraphs alike', async () => {
  const { at, list } = await world();
  await list();
  const headers = { authorization: 'Bearer a-token-to-purge-with', 'content-type': 'application/json' };
  const response = await fetch(at('/bff/purge'), { method: 'POST', headers, body: '{"entities": ["Product:1"]}' });
  // the endpoint's response, and the root field
  expect(await response.json()).toEqual({ purged: 2 });
});

it.each([
  ['3s', 'public, max-age=3'],
  ['1h', 'public, max-age=60'],
])(
  'an endpoint with the hints of its fields is cached for no longer than they and the ttl %s say',
  async (ttl, expected) => {
    const { at } = await world({ subgraph: { all: { ttl } } }, '');
    for (const status of ['headgate; fwd=uri-miss', 'headgate; hit']) {
      const { headers } = await fetch(at('/bff/web/list'));
      expect([headers.get('cache-status'), headers.get('cache-control')]).toEqual([status, expected]);
    }
  },
);

it.each([
  ['surrogate-key', 'web/list client:web Product:0 Product:1 product-0 product-1'],
  ['cache-tag', 'web/list,client:web,Product:0,Product:1,product-0,product-1'],
])('tells a CDN the tags in the header %s', async (header, tags) => {
  const { at } = await world({ tag_header: header });
  const tagsOf = async (headers: Record<string, string> = {}) => {
    const response = await fetch(at('/bff/web/list'), { headers });
    return [response.status, response.headers.get(header)];
  };
  expect(await tagsOf()).toEqual([200, tags]);
  expect(await tagsOf()).toEqual([200, tags]);
  const { headers } = await fetch(at('/bff/web/list'));
  expect(await tagsOf({ 'if-none-match': headers.get('etag') ?? '' })).toEqual([304, tags]);
});

it('tells no tags of private responses', async () => {
  const { at } = await world({ tag_header: 'cache-tag' }, '(cache: {maxAge: "1h", scope: PRIVATE})');
  expect((await fetch(at('/bff/web/list'))).headers.get('cache-tag')).toBe(null);
});

it.each([
  ['not cached', 'by the hints of its fields, which values that are null do not have', '', {}, undefined],
  ['cached', 'for the time of values that are null', '', { negative_ttl: '5s' }, 5],
  ['cached', 'as the endpoint itself says', ', cache: {maxAge: "1h"}', {}, 3_600],
  ['cached', 'as the endpoint itself says', ', cache: {maxAge: "1h"}', { negative_ttl: '5s' }, 3_600],
])('a response with a value that is null is %s %s', async (_, __, cache, all, seconds) => {
  const bff = folderOf({
    'web/it.graphql': `query ($id: ID!) @endpoint(path: "/:id"${cache}) { product(id: $id) { stars } }`,
  });
  const world = await shop({ subgraph: { all } }, {}, bff);
  world.data.stars = { 2: 4 };
  const get = async (id: string) => {
    const { headers } = await fetch(world.url.replace('/graphql', `/bff/web/${id}`));
    return [headers.get('cache-status'), headers.get('cache-control')];
  };
  const [, control] = await get('1');
  const [status] = await get('1');
  expect(status).toBe(seconds === undefined ? 'headgate; fwd=uri-miss' : 'headgate; hit');
  expect(control).toBe(`public, max-age=${seconds ?? 60}`);
  await get('2');
  expect((await get('2'))[0]).toBe('headgate; hit');
});

it.each([
  ['', 'cache: {maxAge: "1h"}'],
  ['by its hints, as are its values', ''],
])('a client gets a new response with no-cache, and one of its own with no-store: cached %s', async (_, cache) => {
  const bff = folderOf({ 'web/it.graphql': `query @endpoint(path: "/it", ${cache}) { product(id: 1) { name } }` });
  const world = await shop({}, {}, bff);
  const get = async (control: string) => {
    const response = await fetch(world.url.replace('/graphql', '/bff/web/it'), {
      headers: { 'cache-control': control },
    });
    return (await response.json()).product.name;
  };
  expect(await get('')).toBe('Lamp');
  world.data.names[1] = 'Lantern';
  expect(await get('')).toBe('Lamp');
  expect(await get('no-store')).toBe('Lantern');
  expect(await get('')).toBe('Lamp');
  expect(await get('no-cache')).toBe('Lantern');
  expect(await get('')).toBe('Lantern');
});
