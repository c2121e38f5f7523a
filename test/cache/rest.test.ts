import { writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { signDebugToken } from '../../src/policy/debug/debug-token.ts';
import { TOKEN } from '../gateway/admin-client.ts';
import { stubApi } from '../sources/rest/stub-api.ts';
import { gatewayOver } from '../sources/stitched/gateway.ts';

const KEY = 'a-shared-key-for-tests';
const NAME = '{ product(id: "1") { id name } }';

/** A gateway with the response cache before a REST API, whose responses may be cached for long. */
async function world(headers: Record<string, string> = {}, config: object = {}) {
  const data = { name: 'Lamp' };
  const api = await stubApi(({ url }) => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=600', ...headers });
    response.end(JSON.stringify({ id: url.split('/').at(-1), name: data.name }));
  });
  const sdl = `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
      @source(name: "api", http: {baseURL: "${api.url}"})
    type Query {
      product(id: ID!): Product
        @connect(source: "api", http: {GET: "/products/{$args.id}"}, selection: "id name", entity: true)
    }
    type Mutation {
      touch: Boolean @connect(source: "api", http: {POST: "/touch"}, selection: "$(true)") @invalidates(tags: ["product-1"])
    }
    type Product @key(fields: "id") @cacheTag(format: "product-{$key.id}") { id: ID! name: String }`;
  const gateway = await gatewayOver(
    { shop: sdl },
    {
      response_cache: { enabled: true, jitter: '0%', invalidation: { shared_key: KEY } },
      connectors: { cache: { enabled: true } },
      admin: { listen: '127.0.0.1:0', token: TOKEN },
      ...config,
    },
  );
  return {
    api,
    data,
    async name() {
      const { data, errors } = await gateway.ask(NAME);
      expect(errors).toBeUndefined();
      return data.product.name;
    },
    ask: gateway.ask,
    /** Changes the schema file. */
    edit: (change: (sdl: string) => string) => writeFile(join(gateway.dir, 'shop.graphql'), change(sdl)),
    async invalidate(request: object) {
      const url = gateway.adminUrl?.replace(/admin$/, 'invalidation') ?? '';
      const sent = { authorization: KEY, 'content-type': 'application/json' };
      const response = await fetch(url, { method: 'POST', headers: sent, body: JSON.stringify([request]) });
      expect(response.status).toBe(202);
    },
  };
}

it('does not use a value that another mapping has made', async () => {
  const { name, edit } = await world();
  expect(await name()).toBe('Lamp');
  await edit((sdl) => sdl.replace('selection: "id name"', 'selection: "id name: id"'));
  await expect.poll(name, { timeout: 10_000 }).toBe('1');
});

describe('responses of REST APIs end with the values that were made from them', () => {
  it.each([
    ['by subgraph', { kind: 'subgraph', subgraph: 'shop' }],
    ['by type', { kind: 'type', subgraph: 'shop', type: 'Product' }],
    ['by entity', { kind: 'entity', type: 'Product', key: { id: '1' } }],
    ['by a tag of the schema', { kind: 'cache_tag', cache_tag: 'product-1' }],
    ['by a tag in a header of the API', { kind: 'cache_tag', cache_tag: 'catalogue' }],
  ])('%s', async (_, request) => {
    const { name, data, invalidate } = await world({ 'surrogate-key': 'catalogue all' });
    expect(await name()).toBe('Lamp');
    data.name = 'Lantern';
    expect(await name()).toBe('Lamp');
    await invalidate({ kind: 'entity', type: 'Product', key: { id: '2' } });
    expect(await name()).toBe('Lamp');
    await invalidate(request);
    expect(await name()).toBe('Lantern');
  });

  it('where a mutation names them', async () => {
    const { name, data, ask } = await world();
    expect(await name()).toBe('Lamp');
    data.name = 'Lantern';
    await ask('mutation { touch }');
    expect(await name()).toBe('Lantern');
  });

  it('also those that vary by a header', async () => {
    const { name, data, invalidate } = await world({ vary: 'accept-language' });
    expect(await name()).toBe('Lamp');
    data.name = 'Lantern';
    await invalidate({ kind: 'cache_tag', cache_tag: 'product-1' });
    expect(await name()).toBe('Lantern');
  });
});

describe('a debug trace says where a response of an API is from, and how old it is', () => {
  const secret = 'a secret of thirty-two characters';

  it.each([
    ['in the response cache', { response_cache: { enabled: true, subgraph: { all: { enabled: false } } } }],
    ['in the memory of connectors', { response_cache: { enabled: false } }],
  ])('%s', async (_, config) => {
    const { ask, data } = await world({ age: '100' }, { debug: { token_secret: secret }, ...config });
    const trace = { 'x-headgate-debug': 'trace', 'x-headgate-debug-token': await signDebugToken(secret, 60) };
    const traced = async () => {
      const { data, extensions } = (await ask(NAME, { headers: trace })) as Traced;
      const [{ events, tries } = { events: [], tries: [] }] = extensions.headgate.fetches;
      return { name: data.product.name, events: events.filter((text) => text.startsWith('API')), tries: tries.length };
    };
    expect(await traced()).toEqual({ name: 'Lamp', events: ['API cache: called the API'], tries: 1 });
    data.name = 'Lantern';
    const { name, events, tries } = await traced();
    expect([name, tries]).toEqual(['Lamp', 0]);
    // what the API said of its age counts, too
    expect(events).toEqual([
      expect.stringMatching(/^API cache: no call, the response was cached or in flight, 1\d\d s old$/),
    ]);
  });
});

interface Traced {
  readonly data: { readonly product: { readonly name: string } };
  readonly extensions: {
    readonly headgate: { readonly fetches: readonly { readonly events: string[]; readonly tries: object[] }[] };
  };
}
