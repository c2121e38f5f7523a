import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { signDebugToken } from '../../src/policy/debug/debug-token.ts';
import type { UsageReport } from '../../src/usage/usage-report.ts';
import { admin, TOKEN } from './admin-client.ts';
import { httpWorld } from './http-world.ts';
import { latch, post } from './serving.ts';

const shop = {
  products: {
    typeDefs: `
      type Query { product(id: ID): Product }
      type Product @key(fields: "id") { id: ID! name: String price: Int }
    `,
    resolvers: { Query: { product: () => ({ id: 'p1', name: 'Lamp', price: 7 }) } },
  },
};

const SECRET = 'a secret of thirty-two characters';
const SHELF = 'query Shelf { product { name } }';
const WEB = { 'graphql-client-name': 'web', 'graphql-client-version': '1.2.3' };

function endpoints(): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-bff-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'kiosk'));
  writeFileSync(
    join(dir, 'kiosk', 'price.graphql'),
    'query Price @endpoint(path: "/price", cache: {maxAge: "1h"}) { product { price @optional } }',
  );
  return dir;
}

async function gateway(config: Record<string, unknown> = { usage: { enabled: true } }) {
  const world = await httpWorld(shop, {
    bffDir: endpoints(),
    config: { admin: { token: TOKEN, listen: '127.0.0.1:0' }, ...config },
  });
  const { adminUrl } = world.server;
  /** `operation client version → count`, for each use. */
  const counts = async () => {
    const { status, body } = await admin(adminUrl, '/usage');
    expect(status).toBe(200);
    const { operations } = body as UsageReport;
    const rows = operations.flatMap(({ name, uses }) =>
      uses.map(({ client, version, count }): [string, number] => [
        [name ?? '-', client ?? '-', version ?? '-'].join(' '),
        count,
      ]),
    );
    return Object.fromEntries(rows);
  };
  return { ...world, counts, origin: new URL(world.server.url).origin, adminUrl };
}

test('requests are counted by operation, client and version, however they arrive', async () => {
  const { server, counts } = await gateway({ usage: { enabled: true }, batching: { enabled: true } });
  await post(server.url, { query: SHELF }, WEB);
  await post(server.url, { query: SHELF }, WEB);
  await post(server.url, { query: SHELF });
  await fetch(`${server.url}?query=${encodeURIComponent(SHELF)}`, { headers: WEB });
  const batch = [{ query: SHELF }, { query: '{ product { price } }' }];
  await post(server.url, batch, { 'graphql-client-name': 'ios' });
  expect(await counts()).toEqual({ 'Shelf web 1.2.3': 3, 'Shelf - -': 1, 'Shelf ios -': 1, '- ios -': 1 });
});

test('persisted documents are counted as what they are', async () => {
  const { server, counts } = await gateway({ usage: { enabled: true }, apq: { enabled: true } });
  const extensions = { persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(SHELF).digest('hex') } };
  await post(server.url, { query: SHELF, extensions }, WEB);
  await post(server.url, { extensions }, WEB);
  expect(await counts()).toEqual({ 'Shelf web 1.2.3': 2 });
});

test('a request that shares the execution of another is counted', async () => {
  const { server, counts, behave, calls } = await gateway();
  const asked = latch();
  const answer = latch();
  behave('products', (req, res) => {
    asked.open();
    req.resume();
    res.setHeader('content-type', 'application/json');
    void answer.promise.then(() => res.end('{"data":{"product":null}}'));
  });
  const body = JSON.stringify({ query: SHELF });
  const head = `POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ngraphql-client-name: web\r\n`;
  const request = `${head}content-length: ${body.length}\r\n\r\n${body}`;
  // both arrive at once: the second is read before the subgraph can answer the first
  const socket = connect(server.port, '127.0.0.1');
  socket.write(request + request);
  await asked.promise;
  answer.open();
  await expect.poll(counts).toEqual({ 'Shelf web -': 2 });
  socket.destroy();
  expect(calls.products).toBe(1);
});

test('endpoints are counted as the client of their BFF, also from the cache', async () => {
  const { origin, counts, calls, adminUrl } = await gateway();
  for (let i = 0; i < 3; i++) expect((await fetch(`${origin}/bff/kiosk/price`)).status).toBe(200);
  expect(calls.products).toBe(1);
  expect(await counts()).toEqual({ 'Price bff/kiosk -': 3 });
  const { body } = await admin(adminUrl, '/usage');
  expect(body.operations[0].used).toEqual(['Int', 'Product', 'Product.price', 'Query.product']);
});

test('introspection and invalid operations are not counted', async () => {
  const { server, counts } = await gateway();
  await post(server.url, { query: '{ __schema { types { name } } }' }, WEB);
  await post(server.url, { query: '{ unknown }' }, WEB);
  expect(await counts()).toEqual({});
});

test('requests with a debug trace are not counted', async () => {
  const { server, origin, counts } = await gateway({
    usage: { enabled: true },
    debug: { token_secret: SECRET },
    batching: { enabled: true },
  });
  const token = await signDebugToken(SECRET, 900);
  const traced = { ...WEB, 'x-headgate-debug': 'trace', 'x-headgate-debug-token': token };
  for (const headers of [WEB, traced]) {
    expect(await (await post(server.url, { query: SHELF }, headers)).json()).toHaveProperty('data.product.name');
    await post(server.url, [{ query: SHELF }], headers);
    expect((await fetch(`${origin}/bff/kiosk/price`, { headers })).status).toBe(200);
  }
  expect(await counts()).toEqual({ 'Shelf web 1.2.3': 2, 'Price bff/kiosk -': 1 });
});

test('values of literals and variables are not in the report', async () => {
  const { server, adminUrl } = await gateway();
  await post(server.url, { query: 'query One { product(id: "literal-secret") { name } }' }, WEB);
  const variables = { id: 'variable-secret' };
  await post(server.url, { query: 'query Two($id: ID) { product(id: $id) { name } }', variables }, WEB);
  const { body } = await admin(adminUrl, '/usage');
  expect(body.operations).toHaveLength(2);
  expect(JSON.stringify(body)).not.toContain('secret');
});

test('the report needs the admin token, and usage that is on', async () => {
  const { adminUrl } = await gateway({});
  expect((await admin(adminUrl, '/usage', undefined, {})).status).toBe(401);
  const { status, body } = await admin(adminUrl, '/usage');
  expect(status).toBe(409);
  expect(body.detail).toContain('usage.enabled');
});
