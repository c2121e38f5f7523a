import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createSupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { configFileSchema } from '../../src/config/config.ts';
import { type RunningServer, startServer } from '../../src/gateway/server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { type Demo, startServices } from '../../subgraphs/start.ts';

const NAMES = ['users', 'products', 'orders', 'reviews', 'inventory', 'notifications', 'recommendations'] as const;
type Name = (typeof NAMES)[number];

let demo: Demo<Name>;
let gateway: RunningServer;

/** The demo services and the gateway before them, each on a free port. */
beforeAll(async () => {
  demo = await startServices(NAMES, { ports: Object.fromEntries(NAMES.map((name) => [name, 0])) });
  const env = Object.fromEntries(NAMES.map((name) => [`${name.toUpperCase()}_URL`, demo.services[name].url]));
  for (const [name, url] of Object.entries(env)) vi.stubEnv(name, url);
  const file = configFileSchema.parse({ supergraph: { listen: '127.0.0.1:0' } });
  gateway = await startServer({
    config: { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false },
    schema: createSupergraphProvider({ schemasDir: resolve('schemas') }, env),
    bffDir: resolve('bff'),
    logger: createLogger({ level: 'silent', format: 'json' }),
  });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await gateway?.close();
  await demo?.close();
});

async function get(path: string): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(new URL(path, gateway.url));
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

/** The same through `/graphql`, to compare with. */
async function query(text: string): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ query: text });
  const response = await fetch(gateway.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  return ((await response.json()) as { data: Record<string, unknown> }).data;
}

test('the mobile dashboard has what the graph has', async () => {
  const { user } = await query(
    '{ user(id: "u1") { id name unread: notifications(unreadOnly: true, first: 3) { id title } recommended: recommendations(first: 3) { product { id name price } } orders(first: 3) { id status total items { product { thumbnail: thumbnailUrl } } } } }',
  );
  const { id, name, orders, unread, recommended } = user as Record<string, unknown>;
  expect(await get('/bff/mobile/dashboard/u1?orders=3')).toEqual({
    status: 200,
    json: { profile: { id, name }, recent: { orders }, unread, recommended },
  });
});

test('the web dashboard has what the graph has', async () => {
  const { user } = await query(`{
    user(id: "u1") {
      profile: id
      orders(first: 2) {
        id status total placedAt
        items { quantity product { id name price image: imageUrl(width: 200) inStock shippingEstimate } }
      }
      reviews(first: 1) { id rating body product { id name } }
      notifications(first: 2) { id kind title createdAt read }
    }
  }`);
  const { orders, reviews, notifications } = user as Record<string, unknown>;
  const { status, json } = await get('/bff/web/dashboard/u1?orders=2&reviews=1&notifications=2&imageWidth=200');
  expect(status).toBe(200);
  expect(json).toMatchObject({ profile: { id: 'u1' }, orders, reviews, notifications });
  expect(json).not.toHaveProperty('meta');
});

test('nobody of that id', async () => {
  expect(await get('/bff/mobile/dashboard/u-none')).toMatchObject({ status: 404, json: { title: 'Not Found' } });
});

test('a product for the phone, shaped by its module, and a page of the history of orders', async () => {
  const { product } = await query('{ product(id: "p7") { id name price } }');
  const { id, name, price } = product as { id: string; name: string; price: number };
  const mobile = await get('/bff/mobile/products/p7?reviews=1');
  expect(mobile).toMatchObject({ status: 200, json: { id, name, price: `€${(price / 100).toFixed(2)}` } });
  expect(mobile.json.reviews).toHaveLength(1);

  const { user } = await query('{ user(id: "u2") { orders { id status total placedAt } } }');
  const { orders } = user as { orders: readonly object[] };
  const { json } = await get('/bff/web/users/u2/orders?page=2&pageSize=2');
  expect(json).toEqual({
    page: 2,
    pages: Math.ceil(orders.length / 2),
    total: orders.length,
    orders: orders.slice(2, 4),
  });
});

test('an order is placed once, however often the phone asks', async () => {
  const order = (key: string) =>
    fetch(new URL('/bff/mobile/orders', gateway.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ input: { userId: 'u9', items: [{ productId: 'p7', quantity: 2 }] } }),
    });
  const responses = await Promise.all([order('"a"'), order('"a"'), order('"a"')]);
  expect(responses.map(({ status }) => status)).toEqual([201, 201, 201]);
  const texts = await Promise.all(responses.map((reply) => reply.text()));
  expect(new Set(texts).size).toBe(1);
  const { order: placed } = JSON.parse(texts[0] ?? '') as { order: { id: string } };
  const next = (await (await order('"b"')).json()) as { order: { id: string } };
  expect(next.order.id).not.toBe(placed.id);
  const { user } = await query('{ user(id: "u9") { orders(first: 2) { id } } }');
  expect(user).toEqual({ orders: [{ id: next.order.id }, { id: placed.id }] });
});

test('a service that is down takes its sections with it, and no more', async () => {
  await demo.services.orders.stop();
  const mobile = await get('/bff/mobile/dashboard/u2');
  expect(mobile).toMatchObject({
    status: 200,
    json: {
      profile: { id: 'u2' },
      recent: null,
      meta: { partial: [{ path: ['recent'], code: 'SUBREQUEST_HTTP_ERROR' }] },
    },
  });
  const web = await get('/bff/web/dashboard/u2');
  expect(web).toMatchObject({ status: 200, json: { profile: { id: 'u2' }, orders: null, reviews: expect.any(Array) } });

  await demo.services.notifications.stop();
  expect(await get('/bff/mobile/dashboard/u3')).toMatchObject({
    status: 200,
    json: {
      profile: { id: 'u3' },
      recent: null,
      unread: null,
      meta: { partial: [{ path: ['recent'] }, { path: ['unread'] }] },
    },
  });

  await demo.services.users.stop();
  const none = await get('/bff/web/dashboard/u2');
  expect(none).toMatchObject({ status: 502, json: { title: 'Bad Gateway' } });
});
