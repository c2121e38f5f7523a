import { describe, expect, test } from 'vitest';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';
import { openEvents } from './event-reader.ts';
import { ADDED, review, subscriptionWorld } from './subscription-world.ts';

/** Subscribes to a subgraph that responds to upgrades with a status, and returns the event. */
async function refusedUpgrade(status: number): Promise<string> {
  const { url, server } = await fakeSubgraph((_, res) => res.writeHead(404).end());
  server.on('upgrade', (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\nconnection: close\r\n\r\n`));
  const world = await subscriptionWorld({ subgraphs: { reviews: { url } } });
  const { reader } = await openEvents(world.server.url, ADDED);
  return reader.until('\n\n');
}

describe('identical subscriptions', () => {
  test('share one upstream subscription, which ends with the last of them', async () => {
    const { server, topic, calls } = await subscriptionWorld();
    const first = await openEvents(server.url, ADDED);
    const second = await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    for (const { reader } of [first, second]) expect(await reader.until('\n\n')).toContain('product 7');
    expect(calls.products).toBe(1);
    first.close();
    topic.publish(review('bad', '8'));
    expect(await second.reader.until('\n\n')).toContain('product 8');
    expect(topic.size).toBe(1);
    second.close();
    await topic.hasSubscriptions(0);
  });

  test('deliver to a client that joins only what arrives from then on: it may have the rest from another replica', async () => {
    const { server, topic, calls, behave } = await subscriptionWorld();
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    behave('products', async (_, res) => {
      await released;
      res.end('{"data":{"_entities":[{"name":"slow"}]}}');
    });
    const first = await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(1);
    topic.publish(review('earlier'));
    topic.publish(review('waiting'));
    await expect.poll(() => calls.products).toBe(1);
    const second = await openEvents(server.url, ADDED);
    topic.publish(review('later'));
    release();
    for (const body of ['earlier', 'waiting', 'later']) expect(await first.reader.until('\n\n')).toContain(body);
    expect(await second.reader.until('\n\n')).toContain('later');
    expect(topic.size).toBe(1);
  });

  test('are not shared where a header that is sent differs', async () => {
    const { server, topic, handshakes } = await subscriptionWorld({
      headers: { all: { request: [{ propagate: { named: 'authorization' } }] } },
    });
    for (const user of ['Bearer 1', 'Bearer 2', 'Bearer 1'])
      await openEvents(server.url, ADDED, { authorization: user });
    await topic.hasSubscriptions(2);
    expect(handshakes.map(({ headers }) => headers.authorization).sort()).toEqual(['Bearer 1', 'Bearer 2']);
  });

  test('are not shared with deduplication off; they share a connection nevertheless', async () => {
    const { server, topic, handshakes } = await subscriptionWorld({
      subscription: { deduplication: { enabled: false } },
    });
    for (let i = 0; i < 3; i++) await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(3);
    expect(handshakes).toHaveLength(1);
  });
});

describe('limits', () => {
  test('max_opened_subscriptions counts open ones', async () => {
    const { server, topic } = await subscriptionWorld({ subscription: { max_opened_subscriptions: 1 } });
    const first = await openEvents(server.url, ADDED);
    const { response } = await openEvents(server.url, ADDED, {}, 'unread');
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('"code":"SUBSCRIPTION_LIMIT_EXCEEDED"');
    first.close();
    await topic.hasSubscriptions(0);
    expect((await openEvents(server.url, ADDED)).response.status).toBe(200);
  });

  test('max_opened_subscriptions_per_client counts those of one address', async () => {
    const { server } = await subscriptionWorld({ subscription: { max_opened_subscriptions_per_client: 1 } });
    await openEvents(server.url, ADDED);
    expect((await openEvents(server.url, ADDED, {}, 'unread')).response.status).toBe(429);
  });
});

describe('a new schema', () => {
  test('takes a subscription over without a break', async () => {
    const { server, topic, update, supergraphSdl, lines } = await subscriptionWorld();
    const { reader } = await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(1);
    topic.publish(review('before', '7'));
    expect(await reader.until('\n\n')).toContain('product 7');
    update(`${supergraphSdl}\n# changed`);
    await expect.poll(() => lines.some(({ msg }) => /schema/.test(msg))).toBe(true);
    topic.publish(review('after', '8'));
    expect(await reader.until('\n\n')).toContain('product 8');
    expect(topic.size).toBe(1);
  });

  test('ends a subscription that is no longer valid', async () => {
    const { server, topic, update, supergraphSdl } = await subscriptionWorld();
    const { reader } = await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(1);
    update(supergraphSdl.replace('  body: String', '  text: String'));
    expect(await reader.until('\n\n')).toContain('"code":"SUBSCRIPTION_SCHEMA_CHANGED"');
    expect(await reader.until('\n\n')).toContain('event: complete');
    await topic.hasSubscriptions(0);
  });
});

describe('a lost connection to the subgraph', () => {
  test('is opened again, and the next event says that others may be missing', async () => {
    const { server, topic, sockets } = await subscriptionWorld({
      subscription: { reconnect: { backoff: { base: '10ms' } } },
    });
    const { reader } = await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(1);
    for (const socket of sockets) socket.terminate();
    await topic.hasSubscriptions(0);
    await topic.hasSubscriptions(1);
    topic.publish(review('again', '7'));
    const event = await reader.until('\n\n');
    expect(event).toContain('"extensions":{"subscription":{"mayHaveMissedEvents":true}}');
    topic.publish(review('more', '7'));
    expect(await reader.until('\n\n')).not.toContain('extensions');
  });

  test('ends the subscription after the last attempt', async () => {
    const { server, topic, sockets } = await subscriptionWorld({ subscription: { reconnect: { max_attempts: 0 } } });
    const { reader } = await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(1);
    for (const socket of sockets) socket.terminate();
    expect(await reader.until('\n\n')).toContain('"code":"SUBSCRIPTION_CONNECTION_LOST"');
    expect(await reader.until('\n\n')).toContain('event: complete');
  });

  test.each([
    [true, 'closed with 4500 no disk at db7'],
    [false, undefined],
  ])('tells clients the reason of the subgraph only where its errors are included: %s', async (all, reason) => {
    const { server, topic, sockets } = await subscriptionWorld({ include_subgraph_errors: { all } });
    const { reader } = await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    await reader.until('\n\n');
    for (const socket of sockets) socket.close(4500, 'no disk at db7');
    const event = await reader.until('\n\n');
    const { errors } = JSON.parse(event.slice(event.indexOf('{')));
    expect(errors).toEqual([
      {
        message: all
          ? 'The connection to "reviews" was lost, and could not be opened again.'
          : 'The subgraph "reviews" reported an error.',
        extensions: { code: 'SUBSCRIPTION_CONNECTION_LOST', service: 'reviews', reason },
      },
    ]);
  });

  test.each([200, 400, 404, 405])('a subgraph that has another protocol: status %s', async (status) => {
    const event = await refusedUpgrade(status);
    expect(event).toContain(`The WebSocket to \\"reviews\\" could not be opened (status ${status}).`);
    expect(event).toContain('set \\"protocol\\" or \\"path\\" in subscription.mode.passthrough.subgraphs.reviews.');
    expect(event).toContain(`"reason":"status ${status}"`);
  });

  test.each([401, 403, 429, 503])('a subgraph that has no room for the client: status %s', async (status) => {
    const event = await refusedUpgrade(status);
    expect(event).toContain(`could not be opened (status ${status}).`);
    expect(event).not.toContain('protocol');
  });

  test('a subgraph without WebSockets is an error that names it', async () => {
    const { server } = await subscriptionWorld({
      subscription: {
        mode: { passthrough: { subgraphs: { reviews: { path: '/ws', protocol: 'subscriptions_transport_ws' } } } },
      },
    });
    const { reader } = await openEvents(server.url, ADDED);
    const event = await reader.until('\n\n');
    expect(event).toContain('"service":"reviews"');
    expect(event).toContain('SUBREQUEST_HTTP_ERROR');
  });
});

describe('what is sent to the subgraph', () => {
  test('headers by the rules, on request in the payload of connection_init, too', async () => {
    const { server, topic, inits, handshakes } = await subscriptionWorld({
      headers: { all: { request: [{ propagate: { named: ['authorization', 'x-request-id'] } }] } },
      subscription: { mode: { passthrough: { all: { connection_init_headers: true } } } },
    });
    await openEvents(server.url, ADDED, { authorization: 'Bearer 1', 'x-request-id': 'one-request' });
    await topic.hasSubscriptions(1);
    expect(inits).toEqual([{ authorization: 'Bearer 1' }]);
    expect(handshakes[0]?.headers['x-request-id']).toBeUndefined();
  });

  test('no payload where there are no headers', async () => {
    const { server, topic, inits } = await subscriptionWorld({
      subscription: { mode: { passthrough: { all: { connection_init_headers: true } } } },
    });
    await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(1);
    expect(inits).toEqual([undefined]);
  });
});

describe('when the gateway stops', () => {
  test('server-sent events end without a "complete", so that clients connect again, each after another time', async () => {
    const { server, topic } = await subscriptionWorld({ shutdown: { grace: '1s' } });
    const { reader } = await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(1);
    const closed = server.close();
    // on a busy machine, comments may come first
    expect(await reader.until('retry: ')).not.toContain('complete');
    expect(await reader.until('\n\n')).toMatch(/^[1-9]\d{2,3}\n\n$/);
    await expect(reader.until('\n\n')).rejects.toThrow('the stream ended; there was ""');
    await closed;
  });

  test('multipart responses end with an error', async () => {
    const { server, topic } = await subscriptionWorld({ shutdown: { grace: '1s' } });
    const accept = 'multipart/mixed;subscriptionSpec=1.0';
    const { reader } = await openEvents(server.url, ADDED, { accept });
    await topic.hasSubscriptions(1);
    const closed = server.close();
    expect(await reader.until('\r\n-----\r\n')).toContain(
      '{"payload":null,"errors":[{"message":"The gateway is shutting down. Subscribe again.","extensions":{"code":"SERVICE_UNAVAILABLE"}}]}',
    );
    await closed;
  });
});
