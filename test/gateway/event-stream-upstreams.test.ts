import type { RequestListener } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import { createHandler } from 'graphql-sse/lib/use/http';
import { createYoga } from 'graphql-yoga';
import { describe, expect, test } from 'vitest';
import { openEvents } from './event-reader.ts';
import { ADDED, review, subscriptionWorld } from './subscription-world.ts';
import { expectEndAfterClients, expectEvents, expectRefusal } from './upstream-events.ts';

/** Servers of server-sent events that others have written. */
const SERVERS: Record<string, (schema: GraphQLSchema) => RequestListener> = {
  'GraphQL Yoga': (schema) => createYoga({ schema, logging: false }) as unknown as RequestListener,
  'graphql-sse': (schema) => createHandler({ schema }) as RequestListener,
};

/** The world of subscriptions, in which the subgraph `reviews` sends its events in streams. */
async function streamWorld(protocol: 'sse' | 'multipart', config: Record<string, unknown> = {}, upstream: object = {}) {
  const { reconnect = { backoff: { base: '10ms' } }, ...subscription } = (config.subscription ?? {}) as Record<
    string,
    unknown
  >;
  const mode = { passthrough: { subgraphs: { reviews: { protocol, ...upstream } } } };
  return subscriptionWorld({ ...config, subscription: { ...subscription, reconnect, mode } });
}

describe.each(Object.keys(SERVERS))('server-sent events of %s', (name) => {
  async function sseWorld(config: Record<string, unknown> = {}) {
    const world = await streamWorld('sse', config);
    const serve = SERVERS[name]?.(world.schemas.get('reviews') as GraphQLSchema);
    world.behave('reviews', serve);
    return { ...world, serve };
  }

  test('events are completed from other subgraphs, until the last one', async () => {
    const { server, topic, handshakes } = await sseWorld();
    await expectEvents(server.url, topic);
    expect(handshakes).toEqual([]);
  });

  test('the request is aborted when the last client leaves, also while the stream is silent', async () => {
    const { server, topic, calls } = await sseWorld();
    await expectEndAfterClients(server.url, topic);
    expect(calls.reviews).toBe(1);
  });

  test('a subgraph that goes away is asked again, and the next event says so', async () => {
    const { server, topic, serverOf } = await sseWorld();
    const { reader } = await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(1);
    topic.publish(review('before'));
    await reader.until('\n\n');
    serverOf('reviews').closeAllConnections();
    await topic.hasSubscriptions(0);
    await topic.hasSubscriptions(1);
    topic.publish(review('after'));
    expect(await reader.until('\n\n')).toContain('"mayHaveMissedEvents":true');
  });

  test('the error of a subscription that does not start is its only result', async () => {
    const { server, schemas } = await sseWorld();
    const field = schemas.get('reviews')?.getSubscriptionType()?.getFields().reviewAdded;
    if (field)
      field.subscribe = () => {
        throw new Error('not today');
      };
    await expectRefusal(server.url, /^(?:not today|Unexpected error\.)$/);
  });
});

describe('what is sent', () => {
  test('headers by the rules, and the path of the setting', async () => {
    const config = { headers: { all: { request: [{ propagate: { named: 'authorization' } }] } } };
    const { server, topic, schemas, behave, seen } = await streamWorld('sse', config, { path: '/events' });
    const paths: (string | undefined)[] = [];
    const serve = SERVERS['graphql-sse']?.(schemas.get('reviews') as GraphQLSchema);
    behave('reviews', (req, res) => {
      paths.push(req.url);
      serve?.(req, res);
    });
    await openEvents(server.url, ADDED, { authorization: 'Bearer 1' });
    await topic.hasSubscriptions(1);
    expect(paths).toEqual(['/events']);
    expect(seen.reviews?.[0]).toMatchObject({
      authorization: 'Bearer 1',
      accept: 'text/event-stream',
      'accept-encoding': 'identity',
    });
  });

  test('streams do not occupy the connections of requests', async () => {
    const config = {
      traffic_shaping: { all: { timeout: '20s', pool: { connections: 1 } } },
      subscription: { deduplication: { enabled: false } },
    };
    const { server, topic, schemas, behave } = await streamWorld('sse', config);
    behave('reviews', SERVERS['GraphQL Yoga']?.(schemas.get('reviews') as GraphQLSchema));
    for (let i = 0; i < 3; i++) await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(3);
    const { response } = await openEvents(server.url, '{ reviews { body } }', { accept: 'application/json' }, 'unread');
    expect(await response.json()).toEqual({ data: { reviews: null } });
  });
});

describe('multipart', () => {
  const part = (json: string) => `\r\n--graphql\r\ncontent-type: application/json\r\n\r\n${json}\r\n--graphql`;

  test('payloads are events, heartbeats are none, and an error of the transport ends the subscription', async () => {
    const { server, behave, seen } = await streamWorld('multipart');
    behave('reviews', (_, res) => {
      res.writeHead(200, { 'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0' });
      res.write(part('{}'));
      res.write(
        part('{"payload":{"data":{"reviewAdded":{"__typename":"Review","body":"good","product":{"id":"7"}}}}}'),
      );
      res.end(`${part('{"payload":null,"errors":[{"message":"the broker is gone"}]}')}--\r\n`);
    });
    const { reader } = await openEvents(server.url, ADDED);
    expect(await reader.until('\n\n')).toContain('product 7');
    expect(await reader.until('\n\n')).toContain('"message":"the broker is gone"');
    expect(await reader.until('\n\n')).toContain('event: complete');
    expect(seen.reviews?.[0]?.accept).toContain('multipart/mixed;boundary="graphql";subscriptionSpec=1.0');
  });

  test('another gateway can be the subgraph', async () => {
    const upstream = await subscriptionWorld();
    const world = await streamWorld('multipart', { subgraphs: { reviews: { url: upstream.server.url } } });
    const { reader } = await openEvents(world.server.url, 'subscription { reviewAdded { body } }');
    await upstream.topic.hasSubscriptions(1);
    upstream.topic.publish(review('through two gateways'));
    expect(await reader.until('\n\n')).toContain('through two gateways');
    upstream.topic.end();
    expect(await reader.until('\n\n')).toContain('event: complete');
  });
});

test('a subgraph without streams is an error that says what came instead', async () => {
  const { server, behave } = await streamWorld('sse');
  behave('reviews', (_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello'));
  const { reader } = await openEvents(server.url, ADDED);
  const event = await reader.until('\n\n');
  expect(event).toContain('expected text/event-stream, and it is text/html');
  expect(event).toContain('"service":"reviews"');
});
