import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { httpWorld } from '../gateway/http-world.ts';
import { post } from '../gateway/serving.ts';

const shop = {
  products: {
    typeDefs: `type Query { product: Product } type Product @key(fields: "id") { id: ID! name: String }`,
    resolvers: { Query: { product: () => ({ id: 'p1', name: 'Lamp' }) } },
  },
  stock: {
    typeDefs: `type Product @key(fields: "id") { id: ID! inStock: Int }`,
    resolvers: { Product: { __resolveReference: () => ({ id: 'p1', inStock: 7 }) } },
  },
};

const QUERY = 'query Shelf { product { name inStock } }';

function endpoints(): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-bff-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'web'));
  writeFileSync(join(dir, 'web', 'shelf.graphql'), QUERY);
  return dir;
}

/** A gateway with one endpoint, and the lines of requests in its log. */
async function gateway(config: Record<string, unknown> = {}) {
  const world = await httpWorld(shop, { bffDir: endpoints(), config });
  return { ...world, access: () => world.lines.filter(({ msg }) => msg === 'request') };
}

test('the line of a GraphQL request has operation, client, and the subgraphs that have failed', async () => {
  const { server, stop, access } = await gateway();
  const client = { 'apollographql-client-name': 'web', 'apollographql-client-version': '1.2.3' };
  await post(server.url, { query: QUERY }, client);
  await expect.poll(access).toHaveLength(1);
  expect(access()[0]).toMatchObject({
    path: '/graphql',
    status: 200,
    operation: 'Shelf',
    operationType: 'query',
    client: 'web',
    clientVersion: '1.2.3',
  });
  expect(access()[0]).not.toHaveProperty('subgraphErrors');

  stop('stock');
  await post(server.url, { query: QUERY }, { 'graphql-client-name': 'kiosk' });
  await expect.poll(access).toHaveLength(2);
  expect(access()[1]).toMatchObject({ client: 'kiosk', subgraphErrors: 1, failedSubgraphs: ['stock'] });
});

test('the line of an endpoint has its name, too', async () => {
  const { server, stop, access } = await gateway();
  stop('stock');
  await fetch(new URL('/bff/web/shelf', server.url), { headers: { 'graphql-client-name': 'kiosk' } });
  await expect.poll(access).toHaveLength(1);
  expect(access()[0]).toMatchObject({
    path: '/bff/web/shelf',
    endpoint: 'web/shelf',
    operation: 'Shelf',
    operationType: 'query',
    client: 'kiosk',
    subgraphErrors: 1,
    failedSubgraphs: ['stock'],
  });
});

test('an operation that is refused is named as the client names it, and a batch by all of its operations', async () => {
  const { server, access } = await gateway({ batching: { enabled: true } });
  await post(server.url, { query: 'query Wrong { nothing }', operationName: 'Wrong' });
  await post(server.url, [{ query: QUERY }, { query: 'query Other { product { id } }' }]);
  await expect.poll(access).toHaveLength(2);
  expect(access()).toMatchObject([{ operation: 'Wrong' }, { operation: 'Shelf,Other', operationType: 'query' }]);
});

test('the headers by which clients name themselves are those of the config', async () => {
  const { server, access } = await gateway({ telemetry: { client_awareness: { name_headers: ['X-App'] } } });
  await post(server.url, { query: QUERY }, { 'x-app': 'a'.repeat(500), 'graphql-client-name': 'web' });
  await expect.poll(access).toHaveLength(1);
  expect(access()[0]?.client).toBe('a'.repeat(128));
});

test.each([true, false])('a subgraph that is down is one line, errors shown to clients: %s', async (all) => {
  const { server, stop, lines } = await gateway({ include_subgraph_errors: { all } });
  stop('stock');
  await Promise.all(Array.from({ length: 50 }, (_, at) => post(server.url, { query: `# ${at}\n${QUERY}` })));
  await fetch(new URL('/bff/web/shelf', server.url));
  const serious = lines.filter(({ level, msg }) => msg !== 'request' && (level === 'warn' || level === 'error'));
  expect(serious).toEqual([
    expect.objectContaining({
      msg: 'subgraph failing',
      subgraph: 'stock',
      code: 'SUBREQUEST_HTTP_ERROR',
      reason: 'connection refused',
      requests: 1,
      requestId: expect.any(String),
      operation: 'Shelf',
    }),
  ]);
});

test('a subgraph that is back is said to be back, with how many requests had failed', async () => {
  const { server, behave, lines } = await gateway();
  behave('stock', (_, res) => void res.writeHead(503).end('no'));
  await post(server.url, { query: QUERY });
  await post(server.url, { query: QUERY });
  behave('stock', undefined);
  await post(server.url, { query: QUERY });
  const said = lines.filter(({ subgraph }) => subgraph === 'stock');
  expect(said).toMatchObject([
    { msg: 'subgraph failing', status: 503, reason: 'HTTP status 503 without a GraphQL result', requests: 1 },
    { msg: 'subgraph recovered', level: 'info', requests: 2 },
  ]);
});

test('equal errors of many requests are one line, with request, operation and subgraph; the rest is one more', async () => {
  const { server, behave, lines } = await gateway({ include_subgraph_errors: { all: false } });
  behave('stock', (req, res) => {
    req.resume();
    res.end('{"errors":[{"message":"secret","extensions":{"code":"NO_STOCK"}}],"data":{"_entities":[null]}}');
  });
  for (let at = 0; at < 5; at++) await post(server.url, { query: QUERY }, { 'x-request-id': `r${at}` });
  const masked = () => lines.filter(({ msg }) => msg === 'errors of subgraphs, masked in the response');
  const error = { extensions: { code: 'NO_STOCK', service: 'stock' } };
  expect(masked()).toMatchObject([{ requestId: 'r0', operation: 'Shelf', errors: [error] }]);
  await server.close();
  expect(masked().slice(1)).toMatchObject([{ requestId: 'r4', operation: 'Shelf', errors: [error], repeated: 4 }]);
});
