import { type Client, createClient } from 'graphql-sse';
import { SignJWT } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import { counted } from './counted.ts';
import { openEvents } from './event-reader.ts';
import { ADDED, review, subscriptionWorld } from './subscription-world.ts';

const SECRET = 'a secret of thirty-two characters';
const TOKEN = 'x-graphql-event-stream-token';

function bearer(subject: string): Promise<string> {
  const jwt = new SignJWT({ sub: subject }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h');
  return jwt.sign(new TextEncoder().encode(SECRET)).then((token) => `Bearer ${token}`);
}

/** A client in single connection mode, and what it has requested: `PUT 201`. */
function openClient(url: string): { client: Client<true>; requests: string[] } {
  const requests: string[] = [];
  const fetchFn: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    requests.push(`${init?.method} ${response.status}`);
    return response;
  };
  const client = createClient({ url: `${url}/stream`, singleConnection: true, retryAttempts: 0, fetchFn });
  onTestFinished(() => client.dispose());
  return { client, requests };
}

/** Returns what reserves a stream, begins operations, and cancels them, without a client library. */
function rawClient(url: string, headers: Record<string, string> = {}) {
  const request = (method: string, token?: string, rest: { query?: string; body?: unknown } = {}) =>
    fetch(`${url}/stream${rest.query ?? ''}`, {
      method,
      headers: { ...headers, 'content-type': 'application/json', ...(token !== undefined && { [TOKEN]: token }) },
      ...(rest.body !== undefined && { body: JSON.stringify(rest.body) }),
    });
  return {
    request,
    reserve: async () => (await request('PUT')).text(),
    begin: (token: string, operationId: string | undefined, query: string) =>
      request('POST', token, { body: { query, extensions: { operationId } } }),
    cancel: (token: string, operationId: string) => request('DELETE', token, { query: `?operationId=${operationId}` }),
    open: (token: string) => openEvents(`${url}/stream`, undefined, { ...headers, [TOKEN]: token }),
  };
}

describe('the single connection mode of graphql-sse', () => {
  test('subscriptions, a query and a mistake share one stream', async () => {
    const { server, topic } = await subscriptionWorld();
    const { client, requests } = openClient(server.url);
    const events = client.iterate({ query: ADDED });
    const first = events.next();
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    expect((await first).value).toEqual({ data: { reviewAdded: { body: 'good', product: { name: 'product 7' } } } });

    const counts: unknown[] = [];
    for await (const { data } of client.iterate({ query: 'subscription { count(to: 3) }' })) counts.push(data);
    expect(counts).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }]);
    for await (const result of client.iterate({ query: '{ product(id: 1) { __typename } }' }))
      expect(result).toEqual({ data: { product: null } });
    for await (const { errors } of client.iterate({ query: '{ nothing }' }))
      expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);

    await events.return?.();
    await topic.hasSubscriptions(0);
    expect(requests.slice(0, 3)).toEqual(['PUT 201', 'GET 200', 'POST 202']);
    await expect.poll(() => requests).toContain('DELETE 200');
  });

  test('operations begin before the stream is open, and end with it', async () => {
    const { server, topic } = await subscriptionWorld();
    const { reserve, begin, open } = rawClient(server.url);
    const token = await reserve();
    expect((await begin(token, 'a', ADDED)).status).toBe(202);
    await topic.hasSubscriptions(1);
    topic.publish(review('early', '7'));
    const { reader, close } = await open(token);
    const data = { reviewAdded: { body: 'early', product: { name: 'product 7' } } };
    const event = JSON.stringify({ id: 'a', payload: { data } });
    expect(await reader.until('}\n\n')).toBe(`:\n\nevent: next\ndata: ${event}\n\n`);
    close();
    await topic.hasSubscriptions(0);
    expect((await begin(token, 'b', ADDED)).status).toBe(404);
  });

  test('an operation is cancelled by its id', async () => {
    const { server, topic } = await subscriptionWorld();
    const { reserve, begin, open, cancel } = rawClient(server.url);
    const token = await reserve();
    const { reader } = await open(token);
    await begin(token, 'a', ADDED);
    await topic.hasSubscriptions(1);
    expect((await cancel(token, 'a')).status).toBe(200);
    await topic.hasSubscriptions(0);
    await begin(token, 'b', 'subscription { count(to: 1) }');
    expect(await reader.until('"id":"b"}\n\n')).toBe(
      ':\n\nevent: next\ndata: {"id":"b","payload":{"data":{"count":1}}}\n\nevent: complete\ndata: {"id":"b"}\n\n',
    );
  });

  test('when the gateway stops, the stream ends after all subscriptions and the result of a query', async () => {
    const prometheus = { enabled: true, listen: '127.0.0.1:0' };
    const { server, topic, calls, behave } = await subscriptionWorld({
      ...{ shutdown: { grace: '10s' }, telemetry: { metrics: { prometheus } } },
    });
    let release = () => {};
    behave('products', (_, res) => {
      release = () => void res.end('{"data":{"product":{"name":"slow"}}}');
    });
    const { reserve, begin, open } = rawClient(server.url);
    const token = await reserve();
    const { reader } = await open(token);
    for (const id of ['a', 'b', 'c']) await begin(token, id, `${ADDED} # ${id}`);
    const query = begin(token, 'd', '{ product(id: 1) { name } }');
    await topic.hasSubscriptions(3);
    await expect.poll(() => calls.products).toBe(1);
    const ended = async () => (await counted(server, 'headgate_subscriptions_ended_total')).shutdown;
    const stopped = server.close();
    await expect.poll(ended).toBe(3);
    release();
    expect((await query).status).toBe(202);
    expect(await reader.until('retry: ')).toBe(
      ':\n\nevent: next\ndata: {"id":"d","payload":{"data":{"product":{"name":"slow"}}}}\n\nevent: complete\ndata: {"id":"d"}\n\nretry: ',
    );
    await stopped;
  });

  test('the token can be a parameter, as EventSource needs it; silence has heartbeats', async () => {
    const { server } = await subscriptionWorld({ subscription: { heartbeat_interval: '20ms' } });
    const token = await rawClient(server.url).reserve();
    const { reader } = await openEvents(`${server.url}/stream?token=${token}`, undefined);
    for (let i = 0; i < 3; i++) expect(await reader.until('\n\n')).toBe(':\n\n');
  });

  test('a request without a token has a stream of its own', async () => {
    const { server } = await subscriptionWorld();
    const { reader } = await openEvents(`${server.url}/stream`, 'subscription { count(to: 1) }');
    expect(await reader.until('\n\n')).toBe('event: next\ndata: {"data":{"count":1}}\n\n');
  });

  test.each(['PUT', 'DELETE'])('%s to the path of GraphQL gets the path of the mode', async (method) => {
    const { server } = await subscriptionWorld({ path_prefix: '/shop' });
    const response = await fetch(server.url, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST']);
    expect((await response.json()).errors[0].message).toBe(
      `/shop/graphql does not support ${method}; it supports GET, POST. The single connection mode of server-sent events is at /shop/graphql/stream.`,
    );
  });

  test.each([
    ['PATCH', {}],
    ['PUT', { subscription: { single_connection: { enabled: false } } }],
  ])('%s says nothing of it where it has no use: %j', async (method, config) => {
    const { server } = await subscriptionWorld(config);
    const { errors } = await (await fetch(server.url, { method })).json();
    expect(errors[0].message).toBe(`/graphql does not support ${method}; it supports GET, POST.`);
  });

  test('mistakes of a client', async () => {
    const { server } = await subscriptionWorld({ subscription: { single_connection: { max_operations: 1 } } });
    const { reserve, begin, open, request } = rawClient(server.url);
    const token = await reserve();
    await open(token);
    expect((await request('GET', token, { query: '' })).status, 'no event stream is accepted').toBe(400);
    const statuses = {
      unknown: (await begin('no-token', 'a', ADDED)).status,
      withoutId: (await begin(token, undefined, ADDED)).status,
      first: (await begin(token, 'a', ADDED)).status,
      sameId: (await begin(token, 'a', ADDED)).status,
      tooMany: (await begin(token, 'b', ADDED)).status,
      openAgain: (await openEvents(`${server.url}/stream`, undefined, { [TOKEN]: token }, 'unread')).response.status,
      patch: (await request('PATCH', token)).status,
      nothingToDelete: (await request('DELETE', token)).status,
    };
    expect(statuses).toEqual({
      ...{ unknown: 404, withoutId: 400, first: 202, sameId: 409, tooMany: 429 },
      ...{ openAgain: 409, patch: 405, nothingToDelete: 400 },
    });
  });

  test('a stream is of one user', async () => {
    const { server } = await subscriptionWorld({
      authentication: { router: { jwt: { jwks: [{ secret: SECRET }] } } },
    });
    const ann = rawClient(server.url, { authorization: await bearer('ann') });
    const bob = rawClient(server.url, { authorization: await bearer('bob') });
    const token = await ann.reserve();
    const { response } = await openEvents(`${server.url}/stream?token=${token}`, undefined, {}, 'unread');
    expect([response.status, (await bob.begin(token, 'a', ADDED)).status]).toEqual([404, 404]);
    const renewed = rawClient(server.url, { authorization: await bearer('ann') });
    expect((await renewed.begin(token, 'a', ADDED)).status).toBe(202);
  });
});

describe('reservations', () => {
  test('of one client are limited', async () => {
    const { server } = await subscriptionWorld({
      subscription: { single_connection: { max_reservations_per_client: 1 } },
    });
    const { request, reserve, open } = rawClient(server.url);
    const { close } = await open(await reserve());
    const refused = await request('PUT');
    expect(refused.status).toBe(429);
    expect(await refused.text()).toContain('"code":"SUBSCRIPTION_LIMIT_EXCEEDED"');
    close();
    await expect.poll(async () => (await request('PUT')).status).toBe(201);
  });

  test('expire when the client does not open the stream', async () => {
    const { server } = await subscriptionWorld({ subscription: { single_connection: { claim_timeout: '10ms' } } });
    const { reserve, begin } = rawClient(server.url);
    const token = await reserve();
    const query = '{ product(id: 1) { __typename } }';
    let count = 0;
    await expect.poll(async () => (await begin(token, `${count++}`, query)).status).toBe(404);
  });

  test('of the whole process are limited, too', async () => {
    const { server } = await subscriptionWorld({ subscription: { single_connection: { max_reservations: 1 } } });
    const { request, reserve } = rawClient(server.url);
    await reserve();
    expect((await request('PUT')).status).toBe(503);
  });

  test('are off with single_connection.enabled: false', async () => {
    const { server } = await subscriptionWorld({ subscription: { single_connection: { enabled: false } } });
    expect((await rawClient(server.url).request('PUT')).status).toBe(404);
  });
});

test('streams end when the gateway stops, so that clients connect again', async () => {
  const { server, topic } = await subscriptionWorld({ shutdown: { grace: '1s' } });
  const { reserve, begin, open } = rawClient(server.url);
  const [busy, idle] = [await reserve(), await reserve()];
  const streams = [await open(busy), await open(idle)];
  await begin(busy, 'a', ADDED);
  await topic.hasSubscriptions(1);
  const closed = server.close();
  for (const { reader } of streams) {
    expect(await reader.until('retry: ')).toBe(':\n\nretry: ');
    await expect(reader.until('event: complete')).rejects.toThrow('the stream ended');
  }
  await closed;
});

test('an operationId that is too long is refused: each event would have it', async () => {
  const { server } = await subscriptionWorld();
  const { begin, reserve } = rawClient(server.url);
  const response = await begin(await reserve(), 'x'.repeat(1_001), ADDED);
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('more than 1000 characters');
});
