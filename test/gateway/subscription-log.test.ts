import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { SupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { configFileSchema } from '../../src/config/config.ts';
import { PayloadStream } from '../../src/executor/payload-stream.ts';
import { startServer } from '../../src/gateway/server.ts';
import type { Engine } from '../../src/pipeline/engine.ts';
import { counted } from './counted.ts';
import { openEvents } from './event-reader.ts';
import { all, openClient, openSocket, SECRET, token } from './open-socket.ts';
import { plainEngine } from './plain-engine.ts';
import { type LogLine, recordingLogger } from './serving.ts';
import { ADDED, subscriptionWorld } from './subscription-world.ts';

const telemetry = {
  access_log: { level: 'info', fields: ['operationType', 'errorCodes'] },
  metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } },
};
const INTERNAL = '{"message":"Internal server error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}';
const COUNT = 'subscription { count(to: 2) }';

/** Subscribes over each transport, and waits for the end. */
const TRANSPORTS: Record<string, (url: string, query: string, authorization: string) => Promise<unknown>> = {
  'server-sent events': (url, query, authorization) => read(url, 'text/event-stream', query, authorization),
  multipart: (url, query, authorization) => read(url, 'multipart/mixed;subscriptionSpec=1.0', query, authorization),
  'WebSocket graphql-transport-ws': (url, query, authorization) =>
    all(openClient(url, { connectionParams: { authorization } }), { query }).catch(() => undefined),
  async 'WebSocket graphql-ws'(url, query, authorization) {
    const { send, next } = await openSocket(url, 'graphql-ws');
    send({ type: 'connection_init', payload: { authorization } });
    send({ id: '1', type: 'start', payload: { query } });
    for (;;) if (/complete|error/.test(((await next()) as { type: string }).type)) return;
  },
};

async function read(url: string, accept: string, query: string, authorization = ''): Promise<string> {
  const headers = { accept, 'content-type': 'application/json', ...(authorization && { authorization }) };
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })).text();
}

test('an internal error that ends subscriptions is logged once, with the first request', async () => {
  const payloads = new PayloadStream(() => {});
  const engine: Engine = {
    ...plainEngine('type Query { count: Int } type Subscription { count: Int }', {}),
    subscribe: async () => ({ kind: 'stream', payloads, operation: { type: 'subscription', name: 'Count' } }),
  };
  const { logger, lines } = recordingLogger();
  const file = configFileSchema.parse({ supergraph: { listen: '127.0.0.1:0' } });
  const config = { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false };
  const schema: SupergraphProvider = {
    load: async () => ({ sdl: 'v1' }),
    watch: async () => ({ close: async () => {} }),
  };
  const server = await startServer({
    ...{ config, schema, logger },
    *createEngine() {
      return { engine, close: async () => {} };
    },
  });
  onTestFinished(() => server.close());
  const subscribe = (id: string) => openEvents(server.url, 'subscription Count { count }', { 'x-request-id': id });
  const streams = [await subscribe('first'), await subscribe('second')];
  payloads.fail(new Error('a bug'));
  const ends = await Promise.all(streams.map(({ reader }) => reader.until('\n\n')));
  expect(ends).toEqual([expect.stringContaining(INTERNAL), expect.stringContaining(INTERNAL)]);
  expect(lines.filter(({ level }) => level === 'error')).toMatchObject([
    {
      msg: 'operation failed inside the gateway',
      requestId: 'first',
      operation: 'Count',
      err: expect.objectContaining({ message: 'a bug' }),
    },
  ]);
});

test('a subscription that cannot begin because the gateway stops is no error in the log and the metrics', async () => {
  const bffDir = mkdtempSync(join(tmpdir(), 'headgate-stopping-'));
  onTestFinished(() => rmSync(bffDir, { recursive: true }));
  mkdirSync(join(bffDir, 'web'));
  writeFileSync(
    join(bffDir, 'web/reviews.graphql'),
    'subscription Reviews @endpoint(path: "/reviews") { reviewAdded { body } }',
  );
  const { server, lines } = await subscriptionWorld({ telemetry }, undefined, { bffDir });
  void server.close({ delayMs: 3_000 });
  const reviews = server.url.replace('/graphql', '/bff/web/reviews');
  const responses = [
    await openEvents(server.url, ADDED),
    await openEvents(reviews, undefined),
    await openEvents(server.url, ADDED, { accept: 'multipart/mixed;subscriptionSpec=1.0' }),
  ].map(({ response }) => response.status);
  const reserved = await fetch(`${server.url}/stream`, { method: 'PUT' });
  expect([...responses, reserved.status]).toEqual([503, 503, 503, 503]);
  const { metricsUrl = '' } = server;
  const metrics = await (await fetch(metricsUrl)).text();
  expect(metrics).toContain('headgate_http_requests_total{route="bff",status="draining"} 1');
  expect(metrics).not.toContain('status="503"');
  await server.close();
  expect(lines.filter(({ msg }) => msg === 'request').map(({ level }) => level)).toEqual(Array(4).fill('info'));
});

test.each(Object.entries(TRANSPORTS))(
  '%s: the error that ends a subscription is in the log and the metrics',
  async (_, subscribe) => {
    const jwt = { jwks: [{ secret: SECRET }] };
    const { server, lines } = await subscriptionWorld({ authentication: { router: { jwt } }, telemetry });
    await subscribe(server.url, COUNT, `Bearer ${await token('1h')}`);
    await subscribe(server.url, ADDED, `Bearer ${await token(Math.floor(Date.now() / 1_000) + 2)}`);
    const logged = () =>
      lines.flatMap(({ msg, operationType, errorCodes }) =>
        msg === 'request' && operationType === 'subscription' ? [errorCodes] : [],
      );
    await expect.poll(logged).toEqual([undefined, ['SUBSCRIPTION_TOKEN_EXPIRED']]);
    expect(await counted(server, 'headgate_graphql_errors_total')).toEqual({ 'graphql SUBSCRIPTION_TOKEN_EXPIRED': 1 });
    expect(await counted(server, 'headgate_operation_requests_total')).toMatchObject({
      'anonymous subscription ok': 1,
      'anonymous subscription errors': 1,
    });
  },
);

test('a subscription that a subgraph refuses is an error of the subgraph, and no malformed response', async () => {
  const { server, lines, schemas } = await subscriptionWorld({ telemetry });
  const field = schemas.get('reviews')?.getSubscriptionType()?.getFields().reviewAdded;
  if (!field) throw new Error('there are no subscriptions');
  field.subscribe = () => {
    throw new Error('not today');
  };
  expect(await read(server.url, 'text/event-stream', ADDED)).toContain('"message":"not today","path":["reviewAdded"]');
  expect(await counted(server, 'headgate_subgraph_graphql_errors_total')).toEqual({ 'reviews none': 1 });
  expect(await counted(server, 'headgate_subgraph_errors_total')).toEqual({});
  expect(lines.filter(({ msg }) => msg.startsWith('subgraph'))).toMatchObject([
    { msg: 'subgraph returned GraphQL errors', subgraph: 'reviews' },
  ]);
});

test('a subscription at a subgraph that is lost is in the log and the metrics', async () => {
  const { server, lines, topic, sockets } = await subscriptionWorld({ telemetry });
  void read(server.url, 'text/event-stream', ADDED);
  await topic.hasSubscriptions(1);
  for (const socket of sockets) socket.terminate();
  await topic.hasSubscriptions(0);
  await topic.hasSubscriptions(1);
  expect(await counted(server, 'headgate_subgraph_subscriptions_failed_total')).toEqual({
    'reviews SUBREQUEST_HTTP_ERROR': 1,
  });
  expect(lines.filter(({ msg }) => msg === 'subgraph subscriptions failing')).toMatchObject([
    { level: 'warn', subgraph: 'reviews', code: 'SUBREQUEST_HTTP_ERROR', reason: 'closed with 1006', subscriptions: 1 },
  ]);
  topic.end();
});

describe('when the gateway stops, no line says that the client has closed what it has not', () => {
  const messages = (lines: readonly LogLine[], type: string) =>
    lines.flatMap(({ msg, operationType }) => (operationType === type ? [msg] : []));

  test.each(Object.entries(TRANSPORTS))('%s', async (_, subscribe) => {
    const { server, lines, topic } = await subscriptionWorld({ telemetry, shutdown: { grace: '5s' } });
    void subscribe(server.url, ADDED, '');
    await topic.hasSubscriptions(1);
    await server.close();
    expect(messages(lines, 'subscription')).toEqual(['request']);
  });

  test('WebSocket: all subscriptions end, and the result of a query comes before the end', async () => {
    const { server, lines, topic, calls, behave } = await subscriptionWorld({ telemetry, shutdown: { grace: '10s' } });
    let release = () => {};
    behave('products', (_, res) => {
      release = () => void res.end('{"data":{"product":{"name":"slow"}}}');
    });
    const { send, next, closed } = await openSocket(server.url, 'graphql-transport-ws');
    send({ type: 'connection_init' });
    await next();
    for (const id of ['1', '2', '3']) send({ id, type: 'subscribe', payload: { query: `${ADDED} # ${id}` } });
    send({ id: '4', type: 'subscribe', payload: { query: '{ product(id: 1) { name } }' } });
    await topic.hasSubscriptions(3);
    await expect.poll(() => calls.products).toBe(1);
    const stopped = server.close();
    await topic.hasSubscriptions(0);
    // what comes now is for another replica
    send({ id: '5', type: 'subscribe', payload: { query: '{ product(id: 2) { name } }' } });
    release();
    expect(await next()).toEqual({ id: '4', type: 'next', payload: { data: { product: { name: 'slow' } } } });
    expect(await next()).toEqual({ id: '4', type: 'complete' });
    expect(await closed).toBe(1001);
    await stopped;
    expect(messages(lines, 'subscription')).toEqual(['request', 'request', 'request']);
    expect(messages(lines, 'query')).toEqual(['request']);
    expect(calls.products).toBe(1);
  });

  test('WebSocket: a subscription that comes too late is closed, so that clients send it elsewhere', async () => {
    const { server } = await subscriptionWorld({ shutdown: { grace: '5s' } });
    const { send, next, closed } = await openSocket(server.url, 'graphql-transport-ws');
    send({ type: 'connection_init' });
    await next();
    // connections without operations are closed at the latest moment
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.99);
    onTestFinished(() => random.mockRestore());
    const stopped = server.close();
    send({ id: '1', type: 'subscribe', payload: { query: ADDED } });
    expect(await Promise.race([closed, next()])).toBe(1001);
    await stopped;
  });
});
