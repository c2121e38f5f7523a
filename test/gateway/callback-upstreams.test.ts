import { describe, expect, test } from 'vitest';
import { bodyOf, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { apolloServer, reviewsGateway } from './callback-server.ts';
import { counted } from './counted.ts';
import { openEvents } from './event-reader.ts';
import { ADDED, review } from './subscription-world.ts';
import { expectEndAfterClients, expectEvents, expectRefusal } from './upstream-events.ts';

describe('callbacks of Apollo Server', () => {
  test('have the events, which are completed from other subgraphs, and the end', async () => {
    const { url, topic } = await apolloServer();
    await expectEvents((await reviewsGateway(url)).url, topic);
  });

  test('end with the next heartbeat after the last client has left', async () => {
    const { url, topic } = await apolloServer();
    const gateway = await reviewsGateway(url, { heartbeat_interval: '50ms' });
    await expectEndAfterClients(gateway.url, topic);
  });

  test('need nothing that clients have to send', async () => {
    const { url, topic } = await apolloServer();
    const gateway = await reviewsGateway(url, {}, { telemetry: { client_awareness: { required: true } } });
    expect((await openEvents(gateway.url, ADDED, {}, 'unread')).response.status).toBe(400);
    const { reader } = await openEvents(gateway.url, ADDED, { 'apollographql-client-name': 'web' });
    await topic.hasSubscriptions(1);
    topic.publish(review('good'));
    expect(await reader.until('\n\n')).toContain('good');
    topic.end();
    expect(await reader.until('\n\n')).toContain('event: complete');
  });
});

interface Accepted {
  readonly callbackUrl: string;
  readonly subscriptionId: string;
  readonly verifier: string;
  readonly heartbeatIntervalMs: number;
}

/** A subgraph that accepts each subscription, and calls only when the test says so. */
async function silentSubgraph(respond = '{"data":null}') {
  const accepted: Accepted[] = [];
  const accepts: (string | undefined)[] = [];
  const { url } = await fakeSubgraph(async (req, res) => {
    const { extensions } = JSON.parse(await bodyOf(req));
    accepted.push(extensions.subscription);
    accepts.push(req.headers.accept);
    res.setHeader('content-type', 'application/json').end(respond);
  });
  return { url, accepted, accepts };
}

async function send({ callbackUrl, subscriptionId: id, verifier }: Accepted, callback: object, init: RequestInit = {}) {
  const body = JSON.stringify({ kind: 'subscription', id, verifier, ...callback });
  return fetch(callbackUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body, ...init });
}

async function oneAccepted(callback: object = {}) {
  const subgraph = await silentSubgraph();
  const gateway = await reviewsGateway(subgraph.url, callback);
  const { reader } = await openEvents(gateway.url, ADDED);
  await expect.poll(() => subgraph.accepted.length).toBe(1);
  return { ...subgraph, gateway, reader, first: subgraph.accepted[0] as Accepted };
}

test('the request says where callbacks go, and how often', async () => {
  const { gateway, first, accepts } = await oneAccepted();
  expect(first.callbackUrl).toBe(`${gateway.publicUrl}/${first.subscriptionId}`);
  expect(first.heartbeatIntervalMs).toBe(5_000);
  expect(first.verifier).toMatch(/^[\w-]{32}$/);
  expect(accepts).toEqual(['application/json;callbackSpec=1.0']);
});

test('the route answers as the protocol says', async () => {
  const { first, reader } = await oneAccepted();
  const check = await send(first, { action: 'check' });
  expect([check.status, check.headers.get('subscription-protocol')]).toEqual([204, 'callback/1.0']);
  const statusOf = async (callback: object, init?: RequestInit) => (await send(first, callback, init)).status;
  expect(await statusOf({ action: 'check', verifier: 'other' })).toBe(400);
  expect(await statusOf({ action: 'check', id: 'other' })).toBe(400);
  expect(await statusOf({ action: 'stop' })).toBe(400);
  expect(await statusOf({ action: 'check' }, { method: 'PUT' })).toBe(405);
  const unknown = { ...first, subscriptionId: `${first.subscriptionId}x`, callbackUrl: `${first.callbackUrl}x` };
  expect((await send(unknown, { action: 'check' })).status).toBe(404);
  expect(await statusOf({ action: 'next', payload: { data: { reviewAdded: null } } })).toBe(204);
  expect(await reader.until('\n\n')).toContain('{"data":{"reviewAdded":null}}');
  expect(await statusOf({ action: 'complete', errors: [{ message: 'the broker is gone' }] })).toBe(202);
  expect(await reader.until('\n\n')).toContain('the broker is gone');
  expect(await statusOf({ action: 'check' })).toBe(404);
});

test('a subgraph that sends no heartbeats gets a new subscription, and the next event says so', async () => {
  const { accepted, first, reader } = await oneAccepted({ heartbeat_interval: '50ms' });
  await send(first, { action: 'check' });
  await expect.poll(() => accepted.length).toBe(2);
  expect((await send(first, { action: 'check' })).status).toBe(404);
  const second = accepted[1] as Accepted;
  await send(second, { action: 'next', payload: { data: { reviewAdded: null } } });
  expect(await reader.until('\n\n')).toContain('"mayHaveMissedEvents":true');
});

test('the error of a subscription that does not start is its only result', async () => {
  const { url } = await silentSubgraph('{"errors":[{"message":"not today"}]}');
  await expectRefusal((await reviewsGateway(url)).url, /^not today$/);
});

test('with a list of subgraphs, others send their events as before', async () => {
  const { url, server } = await fakeSubgraph((_, res) => res.writeHead(404).end());
  const upgrades: (string | undefined)[] = [];
  server.on('upgrade', (req, socket) => {
    upgrades.push(req.headers['sec-websocket-protocol']);
    socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
  });
  const gateway = await reviewsGateway(url, { subgraphs: ['products'] });
  const { reader } = await openEvents(gateway.url, ADDED);
  expect(await reader.until('\n\n')).toContain('The WebSocket to \\"reviews\\" could not be opened');
  expect(upgrades).toEqual(['graphql-transport-ws']);
});

test('callbacks are counted: what was received, refused and missed, and the open subscriptions', async () => {
  const subgraph = await silentSubgraph();
  const metrics = { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } };
  const config = { telemetry: metrics, limits: { http_max_request_bytes: 1_000 } };
  const gateway = await reviewsGateway(subgraph.url, { heartbeat_interval: '10s' }, config);
  const client = await openEvents(gateway.url, ADDED);
  await expect.poll(() => subgraph.accepted.length).toBe(1);
  const [first] = subgraph.accepted as [Accepted];
  const next = { action: 'next', payload: { data: { reviewAdded: null } } };
  const long = { ...next, payload: { data: 'x'.repeat(2_000) } };
  for (const one of [{ action: 'check' }, next, next, { action: 'stop' }, { action: 'check', verifier: 'x' }, long])
    await send(first, one);
  expect(await counted(gateway, 'headgate_callback_subscriptions_open')).toEqual({ '': 1 });
  client.close();
  await expect.poll(() => counted(gateway, 'headgate_callback_subscriptions_open')).toEqual({ '': 0 });
  await send(first, { action: 'check' });
  expect(await counted(gateway, 'headgate_callbacks_received_total')).toEqual({ check: 1, next: 2 });
  const refused = { malformed: 1, wrong_verifier: 1, too_large: 1, unknown: 1 };
  expect(await counted(gateway, 'headgate_callbacks_refused_total')).toEqual(refused);
});

test('a subscription without heartbeats is counted for its subgraph', async () => {
  const subgraph = await silentSubgraph();
  const telemetry = { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } };
  const gateway = await reviewsGateway(subgraph.url, { heartbeat_interval: '50ms' }, { telemetry });
  await openEvents(gateway.url, ADDED);
  await expect.poll(() => subgraph.accepted.length).toBe(1);
  await send(subgraph.accepted[0] as Accepted, { action: 'check' });
  await expect.poll(() => counted(gateway, 'headgate_callback_heartbeats_missed_total')).toEqual({ reviews: 1 });
});
