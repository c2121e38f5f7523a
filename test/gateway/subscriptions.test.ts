import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-sse';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openEvents } from './event-reader.ts';
import { ADDED, review, subscriptionWorld } from './subscription-world.ts';

test('a client that accepts nothing that is served gets 406 with all media types', async () => {
  const { server } = await subscriptionWorld();
  const accept = 'multipart/mixed;incrementalSpec=v9';
  const { response } = await openEvents(server.url, '{ products { name } }', { accept }, 'unread');
  expect(response.status).toBe(406);
  expect((await response.json()).errors[0].message).toBe(
    'The "accept" header allows none of application/graphql-response+json, application/json, multipart/mixed;incrementalSpec=v0.2, ' +
      'multipart/mixed;deferSpec=20220824, multipart/mixed, text/event-stream;incrementalSpec=v0.2, text/event-stream, ' +
      'multipart/mixed;subscriptionSpec=1.0.',
  );
});

describe('subscriptions over server-sent events', () => {
  test('each event is completed from other subgraphs', async () => {
    const { server, topic } = await subscriptionWorld();
    const client = createClient({ url: server.url });
    const events = client.iterate({ query: ADDED });
    const first = events.next();
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    expect((await first).value).toEqual({ data: { reviewAdded: { body: 'good', product: { name: 'product 7' } } } });
    topic.publish(review('bad', '8'));
    topic.end();
    expect((await events.next()).value.data.reviewAdded.product.name).toBe('product 8');
    expect((await events.next()).done).toBe(true);
  });

  test('the upstream subscription is cancelled when the client leaves, also while it is silent', async () => {
    const { server, topic } = await subscriptionWorld();
    const { close } = await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(1);
    close();
    await topic.hasSubscriptions(0);
  });

  test('an operation that is no subscription is one event', async () => {
    const { server } = await subscriptionWorld();
    const { response, reader } = await openEvents(server.url, '{ product(id: 1) { __typename } }');
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await reader.until('\n\n')).toBe('event: next\ndata: {"data":{"product":null}}\n\n');
    expect(await reader.until('\n\n')).toBe('event: complete\ndata:\n\n');
  });

  test('a subscription that is not valid is one event with its errors', async () => {
    const { server } = await subscriptionWorld();
    const { reader } = await openEvents(server.url, 'subscription { reviewAdded { nothing } }');
    expect(await reader.until('\n\n')).toContain('"code":"GRAPHQL_VALIDATION_FAILED"');
    expect(await reader.until('\n\n')).toBe('event: complete\ndata:\n\n');
  });

  test('GET is enough; a silent stream has heartbeats', async () => {
    // the subgraph has to answer pings in that time, also on a busy machine
    const { server, topic } = await subscriptionWorld({ subscription: { heartbeat_interval: '500ms' } });
    const url = `${server.url}?query=${encodeURIComponent(ADDED)}`;
    const { reader } = await openEvents(url, undefined, { 'apollo-require-preflight': 'true' });
    expect(await reader.until('\n\n')).toBe(':\n\n');
    await topic.hasSubscriptions(1);
    topic.publish(review('late'));
    expect(await reader.until('"late"')).toContain('event: next\ndata: {"data":{"reviewAdded":{"body":');
  });

  test('digits of long numbers and errors of other subgraphs are kept', async () => {
    const { server, topic } = await subscriptionWorld();
    const { reader } = await openEvents(server.url, 'subscription { reviewAdded { body product { name } } }');
    await topic.hasSubscriptions(1);
    topic.publish(review('lost', '0'));
    const event = await reader.until('\n\n');
    expect(event).toContain('"reviewAdded":{"body":"lost","product":{"name":null}}');
    topic.end();
    expect(await reader.until('\n\n')).toContain('event: complete');
  });
});

describe('what applies to queries', () => {
  test('limits and rate limits apply to subscriptions, too', async () => {
    const { server } = await subscriptionWorld({
      limits: { max_depth: 2 },
      rate_limits: { requests: [{ limit: 2, window: '1h' }] },
    });
    const { reader } = await openEvents(server.url, ADDED);
    expect(await reader.until('\n\n')).toContain('"code":"MAX_DEPTH_LIMIT"');
    const statuses = [];
    for (let i = 0; i < 2; i++)
      statuses.push(
        (await openEvents(server.url, 'subscription { reviewAdded { body } }', {}, 'unread')).response.status,
      );
    expect(statuses).toEqual([200, 429]);
  });
});

describe('subscriptions over multipart', () => {
  const accept = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json';

  test('each result is in a payload, silence has empty objects', async () => {
    const { server, topic } = await subscriptionWorld({ subscription: { heartbeat_interval: '500ms' } });
    const { response, reader } = await openEvents(server.url, ADDED, { accept });
    expect(response.headers.get('content-type')).toBe('multipart/mixed; boundary="-"; subscriptionSpec=1.0');
    expect(await reader.until('{}')).toContain('\r\n---\r\ncontent-type: application/json');
    // the client's stream begins before the one of the subgraph
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    await reader.until('{"payload":{"data":{"reviewAdded":{"body":"good","product":{"name":"product 7"}}}}}');
    topic.end();
    await reader.until('\r\n-----\r\n');
  });

  test('an operation that is no subscription has an ordinary response', async () => {
    const { server } = await subscriptionWorld();
    const { response } = await openEvents(server.url, '{ product(id: 1) { __typename } }', { accept }, 'unread');
    expect(await response.json()).toEqual({ data: { product: null } });
  });
});

describe('a client that takes no stream', () => {
  test('learns how to subscribe', async () => {
    const { server } = await subscriptionWorld();
    const { response } = await openEvents(server.url, ADDED, { accept: 'application/json' }, 'unread');
    const { errors } = (await response.json()) as { errors: { message: string }[] };
    expect(errors[0]?.message).toContain('accept text/event-stream or multipart/mixed;subscriptionSpec=1.0');
  });

  test('subscription.enabled: false refuses all', async () => {
    const { server } = await subscriptionWorld({ subscription: { enabled: false } });
    const { response } = await openEvents(server.url, ADDED, {}, 'unread');
    expect(await response.text()).toContain('subscription.enabled is false');
  });

  test('yoga.plugins refuse all at /graphql, and the error names them', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'headgate-yoga-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const file = join(dir, 'plugin.mjs');
    writeFileSync(file, 'export default { onExecute() {} };');
    const { server } = await subscriptionWorld({ yoga: { plugins: [file] } });
    const { response } = await openEvents(server.url, ADDED, { accept: 'application/json' }, 'unread');
    const { errors } = (await response.json()) as { errors: { message: string }[] };
    expect(errors[0]?.message).toContain('Subscriptions cannot be executed with yoga.plugins');
  });
});
