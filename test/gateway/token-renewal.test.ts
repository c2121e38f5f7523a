import { describe, expect, test } from 'vitest';
import { all, openClient, openSocket, SECRET, token } from './open-socket.ts';
import { ADDED, review, subscriptionWorld } from './subscription-world.ts';

const CONFIG = {
  authentication: { require_authentication: true, router: { jwt: { jwks: [{ secret: SECRET }] } } },
  headers: { all: { request: [{ propagate: { named: 'authorization' } }] } },
};
const SOON = () => Math.floor(Date.now() / 1_000) + 5;
const PONG = { type: 'pong' };

/** Opens a WebSocket with a token, and subscribes. */
async function subscribed(url: string, authorization: string) {
  const socket = await openSocket(url, 'graphql-transport-ws');
  socket.send({ type: 'connection_init', payload: { authorization } });
  expect(await socket.next()).toEqual({ type: 'connection_ack' });
  socket.send({ id: '1', type: 'subscribe', payload: { query: ADDED } });
  return socket;
}

const bearer = async (...args: Parameters<typeof token>) => `Bearer ${await token(...args)}`;
const ping = (authorization: string) => ({ type: 'ping', payload: { Authorization: authorization } });

describe('new credentials in a ping', () => {
  test('let running subscriptions outlive the first token; their events are fetched with the new one', async () => {
    const { server, topic, seen } = await subscriptionWorld(CONFIG);
    const [first, second] = [await bearer(SOON()), await bearer('1h')];
    const renewed = await subscribed(server.url, first);
    await topic.hasSubscriptions(1);
    renewed.send(ping(second));
    expect(await renewed.next()).toEqual(PONG);
    // another connection with the first token shows when that has expired
    const other = openClient(server.url, { connectionParams: { authorization: first } });
    await expect(all(other, { query: ADDED })).rejects.toMatchObject([
      { extensions: { code: 'SUBSCRIPTION_TOKEN_EXPIRED' } },
    ]);
    topic.publish(review('good', '7'));
    const data = { reviewAdded: { body: 'good', product: { name: 'product 7' } } };
    expect(await renewed.next()).toEqual({ id: '1', type: 'next', payload: { data } });
    expect(seen.products?.map(({ authorization }) => authorization)).toEqual([second]);
    // a new operation has the new token, too
    renewed.send({ id: '2', type: 'subscribe', payload: { query: '{ product(id: 7) { name } }' } });
    expect(await renewed.next()).toMatchObject({ id: '2', payload: { data: { product: null } } });
    expect(seen.products?.at(-1)).toMatchObject({ authorization: second });
  });

  test('are sent to the subgraph when a lost connection is opened again', async () => {
    const reconnect = { backoff: { base: '1ms', max: '1ms' } };
    const { server, topic, handshakes, sockets } = await subscriptionWorld({ ...CONFIG, subscription: { reconnect } });
    const [first, second] = [await bearer('1h', { jti: '1' }), await bearer('1h', { jti: '2' })];
    const { send, next } = await subscribed(server.url, first);
    await topic.hasSubscriptions(1);
    topic.publish(review('good'));
    await next();
    send(ping(second));
    expect(await next()).toEqual(PONG);
    for (const socket of sockets) socket.terminate();
    await expect.poll(() => handshakes.map(({ headers }) => headers.authorization)).toEqual([first, second]);
  });

  test('that have expired are reported in the pong; the subscription goes on until the first token expires', async () => {
    const { server, topic } = await subscriptionWorld(CONFIG);
    const { send, next } = await subscribed(server.url, await bearer(SOON()));
    await topic.hasSubscriptions(1);
    send(ping(await bearer(1)));
    expect(await next()).toMatchObject({
      type: 'pong',
      payload: { errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }] },
    });
    topic.publish(review('good'));
    expect(await next()).toMatchObject({ id: '1', type: 'next' });
    expect(await next()).toMatchObject({
      ...{ id: '1', type: 'error' },
      payload: [{ extensions: { code: 'SUBSCRIPTION_TOKEN_EXPIRED' } }],
    });
    // the connection is there for a better token
    send(ping(await bearer('1h')));
    expect(await next()).toEqual(PONG);
    send({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } });
    expect(await next()).toMatchObject({ id: '1', type: 'next', payload: { data: { __typename: 'Query' } } });
  });

  test('of another user close the connection with 4403', async () => {
    const { server, topic } = await subscriptionWorld(CONFIG);
    const { send, closed } = await subscribed(server.url, await bearer('1h'));
    await topic.hasSubscriptions(1);
    send(ping(await bearer('1h', { sub: 'bob' })));
    expect(await closed).toBe(4403);
    await topic.hasSubscriptions(0);
  });

  test('with other rights are for new operations: running subscriptions end with the first token', async () => {
    const { server, topic } = await subscriptionWorld(CONFIG);
    const { send, next } = await subscribed(server.url, await bearer(SOON(), { scope: 'read write' }));
    await topic.hasSubscriptions(1);
    send(ping(await bearer('1h', { scope: 'read' })));
    expect(await next()).toEqual(PONG);
    expect(await next()).toMatchObject({ payload: [{ extensions: { code: 'SUBSCRIPTION_TOKEN_EXPIRED' } }] });
  });

  test('that are no header, or come at the wrong moment, are reported in the pong', async () => {
    const { server } = await subscriptionWorld(CONFIG);
    const { send, next } = await openSocket(server.url, 'graphql-transport-ws');
    const code = async () => ((await next()) as PongWithErrors).payload.errors[0]?.extensions.code;
    send(ping(await bearer('1h')));
    expect(await code()).toBe('UNAUTHENTICATED');
    send({ type: 'connection_init', payload: { authorization: await bearer('1h') } });
    expect(await next()).toEqual({ type: 'connection_ack' });
    send(ping('a\nb'));
    expect(await code()).toBe('BAD_REQUEST');
  });

  test('a ping with any other payload is a ping', async () => {
    const { server } = await subscriptionWorld(CONFIG);
    const { send, next } = await openSocket(server.url, 'graphql-transport-ws');
    send({ type: 'ping', payload: { sentAt: 1 } });
    expect(await next()).toEqual({ ...PONG, payload: { sentAt: 1 } });
  });
});

interface PongWithErrors {
  readonly payload: { readonly errors: readonly { readonly extensions: { readonly code: string } }[] };
}
