import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { httpWorld } from '../gateway/http-world.ts';
import { folderOf } from './support.ts';

const ENDPOINT = `query Cart @endpoint(path: "/cart") {
  items { id product @optional(fallback: {name: "?"}) { name } note @optional stock @optional }
}`;

const json =
  (body: unknown): RequestListener =>
  (_req, res) =>
    void res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const item = (id: string) => ({ id, product: { name: `Lamp ${id}` }, note: `note ${id}`, stock: 1 });

/** A cart of three items, with what `notes` says of them; `stock` comes from a third service. */
async function cart() {
  const world = await httpWorld(
    {
      carts: {
        typeDefs: 'type Query { items: [Item!]! } type Item @key(fields: "id") { id: ID! }',
        resolvers: { Query: { items: () => [{ id: '1' }, { id: '2' }, { id: '3' }] } },
      },
      notes: {
        typeDefs:
          'type Item @key(fields: "id") { id: ID! product: Product note: String } type Product { name: String! }',
        resolvers: { Item: { __resolveReference: ({ id }: { id: string }) => item(id) } },
      },
      stocks: {
        typeDefs: 'type Item @key(fields: "id") { id: ID! stock: Int }',
        resolvers: { Item: { __resolveReference: ({ id }: { id: string }) => item(id) } },
      },
    },
    { bffDir: folderOf({ 'web/cart.graphql': ENDPOINT }) },
  );
  const get = async () => {
    const response = await fetch(new URL('/bff/web/cart', world.server.url));
    // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes
    return { status: response.status, json: (await response.json()) as any };
  };
  return { ...world, get };
}

/** `items.0.note SUBREQUEST_HTTP_ERROR` */
const named = (partial: { path: (string | number)[]; code: string }[]) =>
  partial.map(({ path, code }) => `${path.join('.')} ${code}`).sort();

describe('meta.partial names each place of a section that failed', () => {
  it('nothing, where all is well', async () => {
    const { get } = await cart();
    expect(await get()).toEqual({ status: 200, json: { items: ['1', '2', '3'].map(item) } });
  });

  it('in each item of a list, where its service is down', async () => {
    const { get, behave } = await cart();
    behave('notes', (_req, res) => void res.writeHead(503).end());
    const { status, json: answer } = await get();
    expect(status).toBe(200);
    expect(answer.items).toEqual(['1', '2', '3'].map((id) => ({ id, product: { name: '?' }, note: null, stock: 1 })));
    expect(named(answer.meta.partial)).toEqual(
      [0, 1, 2].flatMap((i) => [`items.${i}.note SUBREQUEST_HTTP_ERROR`, `items.${i}.product SUBREQUEST_HTTP_ERROR`]),
    );
  });

  it('where a service leaves it out, or gives something else', async () => {
    const { get, behave } = await cart();
    behave(
      'notes',
      json({
        data: { _entities: [{ product: null, note: 'a' }, { product: { name: 'b' } }, { product: [], note: 'c' }] },
      }),
    );
    const { status, json: answer } = await get();
    expect(status).toBe(200);
    expect(answer.items).toEqual([
      { id: '1', product: null, note: 'a', stock: 1 },
      { id: '2', product: { name: 'b' }, note: null, stock: 1 },
      { id: '3', product: { name: '?' }, note: 'c', stock: 1 },
    ]);
    expect(named(answer.meta.partial)).toEqual([
      'items.1.note SUBREQUEST_MALFORMED_RESPONSE',
      'items.2.product INVALID_NULL_OR_TYPE',
    ]);
  });

  it('once, where an error without a path explains that all of a response is missing', async () => {
    const { get, behave } = await cart();
    behave('notes', json({ data: null, errors: [{ message: 'away' }] }));
    const { json: answer } = await get();
    expect(named(answer.meta.partial)).toEqual(
      [0, 1, 2].flatMap((i) => [
        `items.${i}.note DOWNSTREAM_SERVICE_ERROR`,
        `items.${i}.product DOWNSTREAM_SERVICE_ERROR`,
      ]),
    );
    behave('carts', json({ errors: [{ message: 'away' }] }));
    const { status, json: problem } = await get();
    expect(status).toBe(502);
    expect(problem.errors).toEqual([{ path: ['items'], code: 'DOWNSTREAM_SERVICE_ERROR', message: 'away' }]);
  });

  it('where an error has no path, or one that means nothing: the section stays alone', async () => {
    for (const path of [undefined, ['input', 'id']]) {
      const { get, behave } = await cart();
      behave(
        'stocks',
        json({
          data: { _entities: [{ stock: 1 }, { stock: null }, { stock: 1 }] },
          errors: [{ message: 'boom', path }],
        }),
      );
      const { status, json: answer } = await get();
      expect(status).toBe(200);
      expect(answer.meta.partial).toEqual([
        { path: ['items', '1', 'stock'], code: 'DOWNSTREAM_SERVICE_ERROR', message: 'boom' },
      ]);
    }
  });

  it('where it is the entity that failed: what else the object has stays', async () => {
    const { get, behave } = await cart();
    const errors = [{ message: 'gone', path: ['_entities', 1] }];
    behave('notes', json({ data: { _entities: [7, null, item('3')] }, errors }));
    const { status, json: answer } = await get();
    expect(status).toBe(200);
    expect(answer.items).toEqual([
      { id: '1', product: { name: '?' }, note: null, stock: 1 },
      { id: '2', product: { name: '?' }, note: null, stock: 1 },
      item('3'),
    ]);
    expect(named(answer.meta.partial)).toEqual([
      'items.0.note SUBREQUEST_MALFORMED_RESPONSE',
      'items.0.product SUBREQUEST_MALFORMED_RESPONSE',
      'items.1.note DOWNSTREAM_SERVICE_ERROR',
      'items.1.product DOWNSTREAM_SERVICE_ERROR',
    ]);
  });

  it.each([
    ['the list of entities', ['_entities']],
    ['nothing in particular', undefined],
  ])('in each item of a list, where all entities are missing and an error names %s', async (_, path) => {
    const { get, behave } = await cart();
    behave('stocks', json({ data: null, errors: [{ message: 'boom', path }] }));
    const { status, json: answer } = await get();
    expect(status).toBe(200);
    expect(named(answer.meta.partial)).toEqual([0, 1, 2].map((i) => `items.${i}.stock DOWNSTREAM_SERVICE_ERROR`));
  });
});

it('a problem names each place of an error once', async () => {
  const world = await httpWorld(
    { carts: { typeDefs: 'type Query { cart: Int! offers: Int! }', resolvers: {} } },
    { bffDir: folderOf({ 'web/cart.graphql': '{ cart offers }' }) },
  );
  const failed = { message: 'There is no cart.', path: ['cart'], extensions: { code: 'NOT_FOUND' } };
  world.behave('carts', json({ data: null, errors: [failed] }));
  const response = await fetch(new URL('/bff/web/cart', world.server.url));
  expect(response.status).toBe(404);
  expect((await response.json()).errors).toEqual([
    { path: ['cart'], code: 'NOT_FOUND', message: 'There is no cart.' },
    { path: ['offers'], code: 'NOT_FOUND', message: 'There is no cart.' },
  ]);
});
