import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { TOKEN } from '../gateway/admin-client.ts';
import { gatewayOver, stubSubgraph } from '../sources/stitched/gateway.ts';
import { stubService } from '../sources/stitched/stub-service.ts';
import { type Shop, shop } from './shop.ts';

const KEY = 'a-shared-key-for-tests';
const LIST = '{ products { id } }';
const DATA = { products: [{ id: '1' }] };

async function get({ url }: Pick<Shop, 'url'>, headers: Record<string, string> = {}) {
  const { headers: received } = await fetch(`${url}?query=${encodeURIComponent(LIST)}`, { headers });
  return [received.get('cache-control'), received.get('cache-status')];
}

/** Makes the products respond in a special way, with the usual data. */
const respond = ({ products }: Shop, change: (res: ServerResponse, user: string | undefined) => void) => {
  products.answer = ({ headers }, res) => {
    change(res, headers['x-user'] as string | undefined);
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ data: DATA }));
  };
};

describe('data with the status of an error', () => {
  const fail = (res: ServerResponse) => void Object.assign(res, { statusCode: 500 });

  it.each([
    ['with the response cache', {}],
    ['without it', { enabled: false }],
  ])('is cached nowhere, %s', async (_, cache) => {
    const world = await shop(cache);
    respond(world, fail);
    for (let i = 0; i < 2; i++) expect(await get(world)).toEqual(['no-store', null]);
    expect(world.counts().products).toBe(2);
  });

  it.each([
    ['by hints', '', 'no-store'],
    ['by a time of its own', '(cache: {maxAge: "1m"})', 'private, no-cache'],
  ])('is not cached in the response of an endpoint either, %s', async (_, own, expected) => {
    const bff = folderOf({ 'web/list.graphql': `query @endpoint${own} ${LIST}` });
    const world = await shop({}, {}, bff);
    const list = async () => (await fetch(world.url.replace('/graphql', '/bff/web/list'))).headers.get('cache-control');
    respond(world, fail);
    expect(await list()).toBe(expected);
    world.products.answer = undefined;
    expect(await list()).toBe('public, max-age=60');
  });
});

it('a response that sets a cookie is cached by its client alone', async () => {
  const world = await shop();
  respond(world, (res) => res.setHeader('set-cookie', 'session=1'));
  for (let i = 0; i < 2; i++) expect(await get(world)).toEqual(['private, max-age=60', null]);
  expect(world.counts().products).toBe(2);
});

it('private responses to those who signed in do not end the cache for all others', async () => {
  const config = { headers: { all: { request: [{ propagate: { named: 'x-user' } }] } } };
  const world = await shop({}, config);
  respond(world, (res, user) => res.setHeader('cache-control', user ? 'private, max-age=60' : 'max-age=60'));
  await get(world, { 'x-user': 'ann' });
  await world.ask(LIST);
  world.counts();
  await world.ask(LIST);
  expect(world.counts().products).toBe(0);
});

describe('a response of an endpoint with what a plain service has looked up', () => {
  const NOTES = 'type Query { productsByIds(ids: [ID!]!): [Product]! } type Product { id: ID! note: String }';

  it.each([
    ['the subgraph', { kind: 'subgraph', subgraph: 'notes' }],
    ['the type', { kind: 'type', subgraph: 'notes', type: 'Product' }],
    ['the entity', { kind: 'entity', subgraph: 'notes', type: 'Product', key: { id: '7' } }],
  ])('ends with %s', async (_, request) => {
    const products = await stubSubgraph(
      'type Query { best: Product @cacheControl(maxAge: 60) } type Product @key(fields: "id") { id: ID! }',
      {
        resolvers: { Query: { best: () => ({ id: '7' }) } },
        entities: { Product: ({ id }: { id: string }) => ({ id }) },
      },
    );
    let note = 'old';
    const notes = await stubService(NOTES, {
      'Query.productsByIds': ({ ids }: { ids: string[] }) => ids.map((id) => ({ id, note })),
    });
    const file = NOTES.replace('[Product]!', '[Product]! @merge(keyField: "id")');
    const gateway = await gatewayOver(
      { products: products.file, notes: `extend schema @service(url: "${notes.url}")\n${file}` },
      {
        response_cache: { enabled: true, invalidation: { shared_key: KEY } },
        admin: { listen: '127.0.0.1:0', token: TOKEN },
      },
      folderOf({ 'web/best.graphql': 'query @endpoint(cache: {maxAge: "1h"}) { best { note } }' }),
    );
    const best = async () => (await (await fetch(gateway.url.replace('/graphql', '/bff/web/best'))).json()).best.note;
    expect(await best()).toBe('old');
    note = 'new';
    expect(await best()).toBe('old');
    const sent = { method: 'POST', headers: { authorization: KEY }, body: JSON.stringify([request]) };
    const response = await fetch(gateway.adminUrl?.replace(/admin$/, 'invalidation') ?? '', sent);
    expect(await response.json()).toEqual({ count: 1 });
    expect(await best()).toBe('new');
  });
});
