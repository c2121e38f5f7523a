import type { GraphQLSchema } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSources } from '../../src/composition/read-sources.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { type EndpointResponse, engineOver, serveBff, sourceError } from './support.ts';

/** The demo's own `bff/` over the public schema of its own `schemas/`; the data is a handful of plain objects. */
let schema: GraphQLSchema;

beforeAll(async () => {
  const { sources } = await readSources('schemas', {});
  const composition = composeSupergraph(sources);
  if (!composition.ok) throw new Error('The demo schemas do not compose.');
  schema = readSupergraph(composition.supergraphSdl).publicSchema;
});

const product = {
  id: 'p1',
  name: 'Lamp',
  price: 4900,
  thumbnailUrl: '/t/p1',
  imageUrl: ({ width }: { width: number }) => `/i/p1?w=${width}`,
  inStock: true,
  shippingEstimate: 590,
};
const orders = [1, 2, 3].map((n) => ({
  id: `o${n}`,
  status: 'PAID',
  total: 4900 * n,
  placedAt: '2026-01-01T00:00:00.000Z',
  items: [{ quantity: n, product }],
}));
const news = [false, true].map((read, i) => ({
  id: `n${i}`,
  kind: 'WELCOME',
  title: 'Hello',
  createdAt: '2026-01-01T00:00:00.000Z',
  read,
}));
const ada = {
  id: 'u1',
  name: 'Ada',
  email: 'ada@example.com',
  avatarUrl: '/a/u1',
  orders: ({ first }: { first: number }) => orders.slice(0, first),
  reviews: [{ id: 'r1', rating: 5, body: 'Bright.', product }],
  recommendations: [{ reason: 'Bought together.', product }],
  notifications: ({ unreadOnly }: { unreadOnly: boolean }) => (unreadOnly ? [news[0]] : news),
};

async function get(path: string, user: object = ada): Promise<EndpointResponse> {
  const engine = engineOver(schema, { user: ({ id }: { id: string }) => (id === 'u1' ? user : null) });
  const { call } = await serveBff({ dir: 'bff', engine: () => engine });
  return call(path);
}

const ordersDown = () => {
  throw sourceError('SUBREQUEST_HTTP_ERROR');
};

test('both dashboards fit the schemas', async () => {
  const problems: unknown[] = [];
  const engine = engineOver(schema, {});
  const { bff } = await serveBff({ dir: 'bff', engine: () => engine, onProblems: (found) => problems.push(...found) });
  expect(problems).toEqual([]);
  const paths = bff.endpoints().map((endpoint) => `${endpoint.method} ${endpoint.path}`);
  expect(paths).toContain('GET /bff/mobile/dashboard/:userId');
  expect(paths).toContain('GET /bff/web/dashboard/:userId');
});

describe('mobile', () => {
  test('the profile and the recent orders as pictures', async () => {
    expect((await get('/bff/mobile/dashboard/u1?orders=1')).json).toEqual({
      profile: { id: 'u1', name: 'Ada' },
      recent: {
        orders: [{ id: 'o1', status: 'PAID', total: 4900, items: [{ product: { thumbnail: '/t/p1' } }] }],
      },
      unread: [{ id: 'n0', title: 'Hello' }],
      recommended: [{ product: { id: 'p1', name: 'Lamp', price: 4900 } }],
    });
  });

  test('without orders, the profile is served', async () => {
    const { status, json } = await get('/bff/mobile/dashboard/u1', { ...ada, orders: ordersDown });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      profile: { name: 'Ada' },
      recent: null,
      meta: { partial: [{ path: ['recent'], code: 'SUBREQUEST_HTTP_ERROR' }] },
    });
  });

  test('nobody of that id, and no such number of orders', async () => {
    expect((await get('/bff/mobile/dashboard/u2')).status).toBe(404);
    const { status, json } = await get('/bff/mobile/dashboard/u1?orders=few');
    expect(status).toBe(400);
    expect(json.errors).toMatchObject([{ parameter: 'orders', in: 'query', given: 'few' }]);
  });
});

describe('web', () => {
  test('the account, the orders with their items, and the reviews', async () => {
    const { json } = await get('/bff/web/dashboard/u1?orders=1&imageWidth=200');
    expect(json).toEqual({
      profile: { id: 'u1', name: 'Ada', email: 'ada@example.com', avatar: '/a/u1' },
      orders: [
        {
          id: 'o1',
          status: 'PAID',
          total: 4900,
          placedAt: '2026-01-01T00:00:00.000Z',
          items: [
            {
              quantity: 1,
              product: {
                id: 'p1',
                name: 'Lamp',
                price: 4900,
                image: '/i/p1?w=200',
                inStock: true,
                shippingEstimate: 590,
              },
            },
          ],
        },
      ],
      reviews: [{ id: 'r1', rating: 5, body: 'Bright.', product: { id: 'p1', name: 'Lamp' } }],
      notifications: news,
      recommended: [
        { reason: 'Bought together.', product: { id: 'p1', name: 'Lamp', price: 4900, image: '/i/p1?w=200' } },
      ],
    });
  });

  test('without orders, the rest is served', async () => {
    const { status, json } = await get('/bff/web/dashboard/u1', { ...ada, orders: ordersDown });
    expect(status).toBe(200);
    expect(json).toMatchObject({ profile: { name: 'Ada' }, orders: null, reviews: [{ id: 'r1' }] });
    expect(json.meta.partial).toMatchObject([{ path: ['orders'] }]);
  });

  test('without stock levels, only these are missing', async () => {
    const unknown = [{ ...orders[0], items: [{ quantity: 1, product: { ...product, inStock: ordersDown } }] }];
    const { json } = await get('/bff/web/dashboard/u1', { ...ada, orders: unknown });
    expect(json.orders[0].items[0].product).toMatchObject({ name: 'Lamp', inStock: null });
    expect(json.meta.partial).toMatchObject([{ path: ['orders', '0', 'items', '0', 'product', 'inStock'] }]);
  });
});
