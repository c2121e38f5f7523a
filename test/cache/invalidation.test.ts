import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { purgeCache } from '../../src/cli/cache.ts';
import { admin, TOKEN } from '../gateway/admin-client.ts';
import { type Shop, shop } from './shop.ts';

const KEY = 'a-shared-key-for-tests';
const LIST = '{ products { id name stars } }';
const SETTINGS = [{ invalidation: { shared_key: KEY } }, { admin: { listen: '127.0.0.1:0', token: TOKEN } }] as const;

const nameOf = async (world: Shop, id = 1) => (await world.ask(LIST)).data.products[id - 1].name;

async function invalidate({ adminUrl }: Shop, body: unknown, key = KEY) {
  const url = adminUrl?.replace(/admin$/, 'invalidation') ?? '';
  const headers = { authorization: key, 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

it('the invalidation API refuses a key that is nested too deep', async () => {
  const world = await shop(...SETTINGS);
  const nested = (levels: number): object => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
  const send = (levels: number) => invalidate(world, { kind: 'entity', type: 'Product', key: nested(levels) });
  expect((await send(20)).status).toBe(202);
  expect((await send(2_000)).status).toBe(400);
});

describe('what is invalidated is fetched again', () => {
  it.each([
    ['a subgraph', { kind: 'subgraph', subgraph: 'reviews' }, { products: 0, reviews: 1 }, 3],
    ['a type', { kind: 'type', subgraph: 'reviews', type: 'Product' }, { products: 0, reviews: 1 }, 3],
    [
      'an entity in one subgraph',
      { kind: 'entity', subgraph: 'reviews', type: 'Product', key: { id: '2' } },
      { products: 0, reviews: 1 },
      1,
    ],
    // the root field has the entity, too
    ['an entity everywhere', { kind: 'entity', type: 'Product', key: { id: 2 } }, { products: 1, reviews: 1 }, 2],
    ['a tag', { kind: 'cache_tag', subgraphs: ['reviews'], cache_tag: 'product-1' }, { products: 0, reviews: 1 }, 1],
    ['nothing that is cached', { kind: 'cache_tag', cache_tag: 'product-9' }, { products: 0, reviews: 0 }, 0],
  ])('%s', async (_, request, counts, count) => {
    const world = await shop(...SETTINGS);
    await world.ask(LIST);
    world.counts();
    expect(await invalidate(world, [request])).toEqual({ status: 202, body: { count } });
    await world.ask(LIST);
    expect(world.counts()).toEqual(counts);
  });

  it('by a mutation that names what it changes', async () => {
    const world = await shop();
    expect(await nameOf(world)).toBe('Lamp');
    await world.ask('mutation { touch(id: "1") }');
    world.data.names[2] = 'Table';
    expect(await nameOf(world, 2)).toBe('Desk');
    await world.ask('mutation($id: ID!) { rename(id: $id, name: "Lantern") { id } }', { variables: { id: '1' } });
    expect(await nameOf(world)).toBe('Lantern');
  });

  it.each([
    [
      'not by one that the subgraph refused',
      { data: { rename: null }, errors: [{ message: 'no', path: ['rename'] }] },
      0,
    ],
    ['not by one that it refused as a whole', { errors: [{ message: 'not valid' }] }, 0],
    [
      'by one that fails below the field',
      { data: { rename: null }, errors: [{ message: 'no', path: ['rename', 'id'] }] },
      1,
    ],
    ['by one that gives null', { data: { rename: null } }, 1],
  ])('%s', async (_, answer, fetched) => {
    const world = await shop();
    await world.ask('{ product(id: "1") { id name } }');
    world.products.answer = () => answer;
    await world.ask('mutation { rename(id: "1", name: "Lantern") { id } }');
    world.products.answer = undefined;
    world.counts();
    await world.ask('{ product(id: "1") { id name } }');
    expect(world.counts().products).toBe(fetched);
  });

  it('by the response of a subgraph', async () => {
    const world = await shop();
    expect(await nameOf(world)).toBe('Lamp');
    world.data.names[1] = 'Lantern';
    world.products.answer = () => ({ data: { touch: true }, extensions: { invalidate: ['product-1'] } });
    await world.ask('mutation { touch(id: "1") }');
    world.products.answer = undefined;
    expect(await nameOf(world)).toBe('Lantern');
    world.data.names[1] = 'Lamp';
    world.products.answer = (_, res) => {
      res.setHeader('surrogate-key', 'other product-1');
      return { data: { touch: true } };
    };
    await world.ask('mutation { touch(id: "1") }');
    world.products.answer = undefined;
    expect(await nameOf(world)).toBe('Lamp');
  });

  it('by tags that a subgraph gives its responses', async () => {
    const world = await shop(...SETTINGS);
    const ask = async (key: string) => {
      world.reviews.answer = (_, res) => {
        res.setHeader('surrogate-key', key).setHeader('cache-control', 'max-age=60');
        return { data: { latest: key } };
      };
      return (await world.ask('{ latest }')).data.latest;
    };
    expect(await ask('front page')).toBe('front page');
    expect(await ask('other')).toBe('front page');
    await invalidate(world, { kind: 'cache_tag', cache_tag: 'page' });
    expect(await ask('other')).toBe('other');
  });

  it('also where it was being fetched meanwhile', async () => {
    const world = await shop(...SETTINGS);
    let respond = () => {};
    world.reviews.answer = () =>
      new Promise((resolve) => {
        respond = () => resolve({ data: { _entities: [{ stars: 1 }] } });
      });
    const before = world.ask('{ product(id: "1") { stars } }');
    await expect.poll(() => world.reviews.requests.length).toBe(1);
    await invalidate(world, { kind: 'entity', type: 'Product', key: '1' });
    respond();
    expect((await before).data.product.stars).toBe(1);
    world.reviews.answer = undefined;
    expect((await world.ask('{ product(id: "1") { stars } }')).data.product.stars).toBe(5);
  });
});

describe('the invalidation API', () => {
  it('needs its key, and says what is wrong with a request', async () => {
    const world = await shop(...SETTINGS);
    expect((await invalidate(world, [], 'another-key-for-tests')).status).toBe(401);
    const wrong = async (body: unknown) => (await invalidate(world, body)).body.detail;
    expect(await wrong([])).toBe('The list is empty; expected at least one request.');
    expect(await wrong([{ kind: 'subgraph' }])).toBe(
      'Request 0: a request of kind "subgraph" needs "subgraph": a name.',
    );
    expect(await wrong({ kind: 'product' })).toBe(
      'the kind is "product"; expected "subgraph", "type", "entity" or "cache_tag".',
    );
  });

  it.each([
    ['', 400, 'The body is not JSON: Unexpected end of JSON input.'],
    ["[{kind: 'subgraph'}]", 400, 'The body is not JSON: '],
    [' '.repeat(1_000_001), 413, 'The body has more than 1000000 bytes.'],
  ])('says why it cannot read a body', async (body, status, expected) => {
    const world = await shop(...SETTINGS);
    const headers = { authorization: KEY };
    const url = world.adminUrl?.replace(/admin$/, 'invalidation') ?? '';
    const response = await fetch(url, { method: 'POST', headers, body });
    expect(response.status).toBe(status);
    expect((await response.json()).detail).toContain(expected);
  });

  it.each([
    [{ kind: 'subgraph', subgraph: 'review' }, 'there is no subgraph "review". Did you mean "reviews"?'],
    [{ kind: 'cache_tag', subgraphs: ['reviews', 'shop'], cache_tag: 'x' }, 'there is no subgraph "shop".'],
    [{ kind: 'type', subgraph: 'shop', type: 'Product' }, 'there is no subgraph "shop".'],
    [{ kind: 'type', subgraph: 'reviews', type: 'User' }, 'there is no type "User" in the subgraph "reviews".'],
    [{ kind: 'entity', type: 'Prodct', key: '1' }, 'there is no type "Prodct". Did you mean "Product"?'],
    [{ kind: 'entity', type: 'Product', key: { sku: '9' } }, '"Product" has no key with "sku"; its keys have "id".'],
    [
      { kind: 'entity', subgraph: 'products', type: 'User', key: '1' },
      '"User" in the subgraph "products" has no key of one field; it has no key.',
    ],
  ])('says what it does not know: %j', async (request, expected) => {
    const world = await shop(...SETTINGS);
    await world.ask(LIST);
    // the rest of the requests is applied
    const known = { kind: 'subgraph', subgraph: 'reviews' };
    expect(await invalidate(world, [known, request])).toEqual({
      status: 202,
      body: { count: 3, unknown: [`Request 1: ${expected}`] },
    });
  });

  it('does not exist without a key', async () => {
    const world = await shop({}, SETTINGS[1]);
    expect((await invalidate(world, [])).status).toBe(404);
  });

  it('is there with nothing but its key, and the gateway says where', async () => {
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    onTestFinished(() => written.mockRestore());
    const metrics = { exporters: { metrics: { prometheus: { listen: '127.0.0.1:0' } } } };
    await shop({ invalidation: { shared_key: KEY } }, { telemetry: metrics });
    const lines = written.mock.calls.map(([text]) => String(text)).join('');
    const [, origin = ''] = /Headgate invalidation API at (\S+)\/invalidation\n/.exec(lines) ?? [];
    const purge = purgeCache({ url: origin, path: '/invalidation', key: KEY, entity: ['Product:1'] });
    await expect(purge).resolves.toBeUndefined();
  });

  it('is called by headgate cache purge', async () => {
    const world = await shop(...SETTINGS);
    await world.ask(LIST);
    const url = new URL(world.adminUrl ?? '').origin;
    await purgeCache({ url, path: '/invalidation', key: KEY, entity: ['Product:1'], subgraph: ['reviews'] });
    world.counts();
    await world.ask(LIST);
    expect(world.counts()).toEqual({ products: 1, reviews: 1 });
    const failed = purgeCache({ url, path: '/invalidation', key: KEY, type: ['Product'] });
    await expect(failed).rejects.toThrow('--type: "Product" has no "." between two names');
    await world.ask(LIST);
    world.counts();
    // what is known is removed, and the rest is an error
    const unknown = purgeCache({ url, path: '/invalidation', key: KEY, type: ['reviews.Product', 'reviews.Produkt'] });
    await expect(unknown).rejects.toThrow(
      'the gateway does not know all that you named:\nRequest 1: there is no type "Produkt" in the subgraph "reviews". Did you mean "Product"?',
    );
    await world.ask(LIST);
    expect(world.counts()).toEqual({ products: 0, reviews: 1 });
  });
});

describe('GET /admin/cache', () => {
  it('lists the tags with the most values, and the keys that were used most', async () => {
    const world = await shop(...SETTINGS);
    for (let i = 0; i < 3; i++) await world.ask(LIST);
    const { body } = await admin(world.adminUrl, '/cache');
    expect(body).toMatchObject({ processes: 1, responded: 1, entries: 4 });
    expect(body.tags[0]).toEqual({ tag: 'subgraph reviews', entries: 3 });
    expect(body.keys[0].hits).toBe(2);
    expect(body.keys.map(({ key }: { key: string }) => key.replace(/[\w-]{43}/, 'HASH')).sort()).toEqual([
      'type products Query HASH',
      ...[1, 2, 3].map((id) => `type reviews Product HASH{"__typename":"Product","id":"${id}"}`),
    ]);
  });

  it('says that the cache is off', async () => {
    const world = await shop({ enabled: false }, SETTINGS[1]);
    expect((await admin(world.adminUrl, '/cache')).status).toBe(409);
  });
});
