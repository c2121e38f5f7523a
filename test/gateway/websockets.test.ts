import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { counted } from './counted.ts';
import { all, openClient, openSocket, SECRET, token } from './open-socket.ts';
import { ADDED, review, subscriptionWorld } from './subscription-world.ts';

/** Opens a WebSocket that is refused, and returns the response. */
function refusedResponse(
  url: string,
  subprotocol: string[],
  headers: Record<string, string>,
): Promise<{ readonly status: number; readonly body: string }> {
  const socket = new WebSocket(url.replace('http', 'ws'), subprotocol, { headers });
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', async (_, response) => {
      let body = '';
      for await (const chunk of response) body += String(chunk);
      resolve({ status: response.statusCode ?? 0, body });
    });
    socket.on('open', () => reject(new Error('it was opened')));
    socket.on('error', () => {});
  });
}

describe('WebSockets of clients', () => {
  test('a subscription, a query and a mistake share one connection', async () => {
    const { server, topic } = await subscriptionWorld();
    const client = openClient(server.url);
    const events = client.iterate({ query: ADDED });
    const first = events.next();
    await topic.hasSubscriptions(1);
    expect(await all(client, { query: '{ product(id: 1) { __typename } }' })).toEqual([{ data: { product: null } }]);
    await expect(all(client, { query: '{ nothing }' })).rejects.toMatchObject([
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    ]);
    topic.publish(review('good', '7'));
    expect((await first).value).toEqual({ data: { reviewAdded: { body: 'good', product: { name: 'product 7' } } } });
    await events.return?.();
    await topic.hasSubscriptions(0);
    expect(await all(client, { query: 'subscription { count(to: 3) }' })).toEqual(
      [1, 2, 3].map((count) => ({ data: { count } })),
    );
  });

  test('a large result arrives whole', async () => {
    // its parts end inside characters
    const productNames = ['a', 'b', 'c', 'd'].map((first) => `${first}${'ü€😀'.repeat(20_000)}`);
    const { server } = await subscriptionWorld({}, undefined, { productNames });
    const [result] = await all(openClient(server.url), { query: '{ products { name } }' });
    expect(result).toEqual({ data: { products: productNames.map((name) => ({ name })) } });
  });

  test('a member of connection_init becomes a header of each operation', async () => {
    const { server, topic, handshakes } = await subscriptionWorld({
      headers: { all: { request: [{ propagate: { named: ['authorization', 'x-tenant'] } }] } },
    });
    const client = openClient(server.url, {
      connectionParams: { Authorization: 'Bearer 1', 'x-tenant': 'not listed' },
    });
    void client.iterate({ query: ADDED }).next();
    await topic.hasSubscriptions(1);
    expect(handshakes[0]?.headers).toMatchObject({ authorization: 'Bearer 1' });
    expect(handshakes[0]?.headers['x-tenant']).toBeUndefined();
  });

  test('a connection without the credentials that are required is closed with 4401', async () => {
    const { server } = await subscriptionWorld({
      authentication: { require_authentication: true, router: { jwt: { jwks: [{ secret: SECRET }] } } },
    });
    const { send, closed } = await openSocket(server.url, 'graphql-transport-ws');
    send({ type: 'connection_init' });
    expect(await closed).toBe(4401);
    const client = openClient(server.url, { connectionParams: { authorization: `Bearer ${await token('1h')}` } });
    expect(await all(client, { query: '{ product(id: 1) { __typename } }' })).toHaveLength(1);
  });

  test('clients of the older subprotocol do not wait for the acknowledgement before they start operations', async () => {
    const jwt = { jwks: [{ secret: SECRET }] };
    const { server, topic } = await subscriptionWorld({
      authentication: { router: { jwt } },
      websocket: { max_operations: 2 },
    });
    const { send, next } = await openSocket(server.url, 'graphql-ws');
    send({ type: 'connection_init', payload: { Authorization: `Bearer ${await token('1h')}` } });
    send({ id: '1', type: 'start', payload: { query: ADDED } });
    send({ id: '2', type: 'start', payload: { query: ADDED } });
    send({ id: '3', type: 'start', payload: { query: ADDED } });
    send({ id: '2', type: 'stop' });
    const extensions = { code: 'SUBSCRIPTION_LIMIT_EXCEEDED' };
    expect([await next(), await next()]).toMatchObject([
      { type: 'connection_ack' },
      { id: '3', type: 'error', payload: { extensions } },
    ]);
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    expect(await next()).toMatchObject({ id: '1', type: 'data' });
    send({ id: '4', type: 'start', payload: { query: '{ product(id: 1) { __typename } }' } });
    expect(await next()).toMatchObject({ id: '4', type: 'data' });
  });

  test('the older subprotocol says why credentials are refused, before the connection is closed', async () => {
    const { server } = await subscriptionWorld({ authentication: { router: { jwt: { jwks: [{ secret: SECRET }] } } } });
    const { send, next, closed } = await openSocket(server.url, 'graphql-ws');
    send({ type: 'connection_init', payload: { authorization: 'Bearer no.such.token' } });
    send({ id: '1', type: 'start', payload: { query: ADDED } });
    expect(await next()).toEqual({
      type: 'connection_error',
      payload: { message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } },
    });
    expect(await closed).toBe(4401);
  });

  test('an operation before connection_init closes the connection with 4401', async () => {
    const { server } = await subscriptionWorld();
    for (const [subprotocol, type] of [
      ['graphql-transport-ws', 'subscribe'],
      ['graphql-ws', 'start'],
    ] as const) {
      const { send, closed } = await openSocket(server.url, subprotocol);
      send({ id: '1', type, payload: { query: ADDED } });
      expect(await closed).toBe(4401);
    }
  });

  test('a subscription ends when its token expires', async () => {
    const { server } = await subscriptionWorld({
      authentication: { router: { jwt: { jwks: [{ secret: SECRET }] } } },
    });
    const authorization = `Bearer ${await token(Math.floor(Date.now() / 1_000) + 2)}`;
    const client = openClient(server.url, { connectionParams: { authorization } });
    await expect(all(client, { query: ADDED })).rejects.toMatchObject([
      { extensions: { code: 'SUBSCRIPTION_TOKEN_EXPIRED' } },
    ]);
  });

  test('max_connections counts open WebSockets, and a further one is refused and counted', async () => {
    const telemetry = { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } };
    const { server } = await subscriptionWorld({ websocket: { max_connections: 2 }, telemetry });
    const { socket } = await openSocket(server.url, 'graphql-transport-ws');
    await openSocket(server.url, 'graphql-ws');
    const refused = await refusedResponse(server.url, ['graphql-transport-ws'], {});
    expect(refused.status).toBe(503);
    expect(refused.body).toContain('"code":"SUBSCRIPTION_LIMIT_EXCEEDED"');
    expect(refused.body).toContain('websocket.max_connections');
    expect(await counted(server, 'headgate_websockets_refused_total')).toEqual({ max_connections: 1 });
    socket.close();
    await expect.poll(() => counted(server, 'headgate_websockets_open')).toEqual({ '': 1 });
    await openSocket(server.url, 'graphql-transport-ws');
  });

  test('pages of other sites are refused, unless CORS allows them', async () => {
    const { server } = await subscriptionWorld({ cors: { policies: [{ origins: ['https://shop.example'] }] } });
    const status = async (origin: string) =>
      (await refusedResponse(server.url, ['graphql-transport-ws'], { origin })).status;
    expect(await status('https://evil.example')).toBe(403);
    for (const origin of ['https://shop.example', new URL(server.url).origin])
      expect((await openSocket(server.url, 'graphql-transport-ws', { origin })).socket.protocol).toBe(
        'graphql-transport-ws',
      );
  });

  test('other subprotocols are refused', async () => {
    const { server } = await subscriptionWorld({ websocket: { subprotocols: ['graphql-transport-ws'] } });
    expect((await refusedResponse(server.url, ['graphql-ws'], {})).status).toBe(400);
    expect((await refusedResponse(server.url, [], {})).status).toBe(400);
  });

  test('an upgrade to anything else is served as any request', async () => {
    const { server } = await subscriptionWorld();
    const { get } = await import('node:http');
    const url = `${server.url}?query=${encodeURIComponent('{ product(id: 1) { __typename } }')}`;
    const request = get(url, {
      headers: { connection: 'upgrade, http2-settings', upgrade: 'h2c', 'apollo-require-preflight': '1' },
    });
    const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
  });

  test('mistakes in the protocol close the connection with its codes', async () => {
    const { server } = await subscriptionWorld({ websocket: { init_timeout: '50ms' } });
    const codeAfter = async (...messages: object[]) => {
      const { send, closed } = await openSocket(server.url, 'graphql-transport-ws');
      for (const message of messages) send(message);
      return closed;
    };
    const init = { type: 'connection_init' };
    const count = { id: '1', type: 'subscribe', payload: { query: ADDED } };
    expect(await codeAfter()).toBe(4408);
    expect(await codeAfter(count)).toBe(4401);
    expect(await codeAfter(init, init)).toBe(4429);
    expect(await codeAfter(init, { type: 'unknown' })).toBe(4400);
    expect(await codeAfter(init, count, count)).toBe(4409);
  });

  test('a connection has only so many operations', async () => {
    const { server, topic } = await subscriptionWorld({ websocket: { max_operations: 1 } });
    const { send, next } = await openSocket(server.url, 'graphql-transport-ws');
    send({ type: 'connection_init' });
    expect(await next()).toEqual({ type: 'connection_ack' });
    for (const id of ['1', '2']) send({ id, type: 'subscribe', payload: { query: ADDED } });
    expect(await next()).toMatchObject({
      id: '2',
      type: 'error',
      payload: [{ extensions: { code: 'SUBSCRIPTION_LIMIT_EXCEEDED' } }],
    });
    await topic.hasSubscriptions(1);
    send({ id: '1', type: 'complete' });
    await topic.hasSubscriptions(0);
    send({ type: 'ping' });
    expect(await next()).toEqual({ type: 'pong' });
    send({ type: 'ping', payload: { at: 1 } });
    expect(await next()).toEqual({ type: 'pong', payload: { at: 1 } });
  });

  test('clients of the older subprotocol are served, too', async () => {
    const { server, topic } = await subscriptionWorld();
    const { send, next, closed } = await openSocket(server.url, 'graphql-ws');
    send({ type: 'connection_init', payload: {} });
    expect(await next()).toEqual({ type: 'connection_ack' });
    send({ id: '1', type: 'start', payload: { query: ADDED } });
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    const data = { reviewAdded: { body: 'good', product: { name: 'product 7' } } };
    expect(await next()).toEqual({ id: '1', type: 'data', payload: { data } });
    topic.end();
    expect(await next()).toEqual({ id: '1', type: 'complete' });
    send({ id: '2', type: 'start', payload: { query: '{ nothing }' } });
    expect(await next()).toMatchObject({ id: '2', type: 'error', payload: { message: expect.any(String) } });
    send({ type: 'connection_terminate' });
    expect(await closed).toBe(1000);
  });

  test('a connection that does not answer pings is closed, and its subscriptions with it', async () => {
    const { server, topic } = await subscriptionWorld({ subscription: { heartbeat_interval: '500ms' } });
    const { socket, send, next } = await openSocket(server.url, 'graphql-transport-ws');
    send({ type: 'connection_init' });
    await next();
    send({ id: '1', type: 'subscribe', payload: { query: ADDED } });
    await topic.hasSubscriptions(1);
    socket.pause();
    await topic.hasSubscriptions(0);
  });

  test('connections are closed with 1001 when the gateway stops', async () => {
    const { server, topic } = await subscriptionWorld({ shutdown: { grace: '1s' } });
    const idle = await openSocket(server.url, 'graphql-transport-ws');
    const { send, next, closed } = await openSocket(server.url, 'graphql-transport-ws');
    send({ type: 'connection_init' });
    await next();
    send({ id: '1', type: 'subscribe', payload: { query: ADDED } });
    await topic.hasSubscriptions(1);
    const stopped = server.close();
    expect(await closed).toBe(1001);
    expect(await idle.closed).toBe(1001);
    await stopped;
  });

  test('websocket.enabled: false refuses them', async () => {
    const { server } = await subscriptionWorld({ websocket: { enabled: false } });
    expect((await refusedResponse(server.url, ['graphql-transport-ws'], {})).status).toBe(400);
  });
});
