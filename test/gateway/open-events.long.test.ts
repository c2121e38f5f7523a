import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { Closers } from '../../src/gateway/closers.ts';
import { ConnectionCertificates } from '../../src/gateway/connection-certificates.ts';
import { openEvents } from '../../src/gateway/open-events.ts';
import type { BrokerFailure } from '../../src/sources/events/broker.ts';
import type { EventBroker } from '../../src/sources/events/event-broker.ts';
import { HAS_NATS, startNats } from '../sources/events/nats-server.ts';
import { readSettings } from '../sources/events/test-brokers.ts';
import { freePort, HAS_REDIS, startRedis } from '../store/redis-server.ts';
import { recordingLogger } from './serving.ts';

/** Opens the broker `shop`, as the gateway does at its start. */
async function openShop(settings: Readonly<Record<string, unknown>>) {
  const { logger, lines } = recordingLogger();
  const closers = new Closers();
  onTestFinished(() => closers.closeAll());
  const brokers = await openEvents(
    { events: { shop: readSettings(settings) } },
    { instruments: undefined, logger, certificates: new ConnectionCertificates(logger) },
    closers,
  );
  const shop = brokers.get('shop') as EventBroker;
  const warnings = () =>
    lines.filter(({ level }) => level === 'warn').map(({ key, topic, reason }) => ({ key, topic, reason }));
  return {
    shop,
    warnings,
    connected: () => expect.poll(() => shop.broker.isConnected, { timeout: 10_000 }).toBe(true),
  };
}

/** Subscribes to a topic. Resolves when that fails, or to `undefined` when it has begun. */
function subscribe({ feeds }: EventBroker, topic: string): Promise<BrokerFailure | undefined> {
  return new Promise((resolve) => {
    feeds.subscribe(topic, undefined, {
      begin: () => resolve(undefined),
      message() {},
      async stored() {},
      fail: resolve,
    });
  });
}

test.skipIf(!HAS_NATS)('a stream that does not exist is logged once, with its key', async () => {
  const server = await startNats();
  onTestFinished(() => server.close());
  const { shop, warnings, connected } = await openShop({
    nats: { servers: server.url, jetstream: { stream: 'SHOP' } },
  });
  await connected();
  for (const topic of ['order.1', 'order.2', 'order.1']) {
    const failure = await subscribe(shop, topic);
    expect(failure).toMatchObject({ reason: 'stream not found', key: 'nats.jetstream.stream', isTemporary: false });
  }
  expect(warnings()).toEqual([
    { key: 'events.shop.nats.jetstream.stream', topic: 'order.1', reason: 'stream not found' },
  ]);
  // no stream stores the message
  await expect(shop.broker.publish('order.1', '{}')).rejects.toThrow('no stream has this topic');
});

describe.skipIf(!HAS_NATS)('a user of NATS without permission', () => {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-nats-users-'));
  const file = join(dir, 'users.conf');
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const may = '{ allow: ["order.1", "_INBOX.>"] }';
  writeFileSync(
    file,
    `authorization { users: [ { user: ann, password: b, permissions: { publish: ${may}, subscribe: ${may} } } ] }\n`,
  );

  test.each([
    ['NATS', {}],
    ['JetStream', { jetstream: { stream: 'SHOP' } }],
  ])('gets no events and sends no message: %s', async (_, more) => {
    const server = await startNats('--config', file);
    onTestFinished(() => server.close());
    const nats = { servers: server.url, user: 'ann', password: 'b', ...more };
    const { shop, warnings, connected } = await openShop({ nats });
    await connected();
    const refusal = { reason: 'no permission', key: 'nats.user', isTemporary: false };
    expect(await subscribe(shop, 'order.2')).toMatchObject(refusal);
    expect(await subscribe(shop, 'order.3')).toMatchObject(refusal);
    expect(warnings()).toEqual([{ key: 'events.shop.nats.user', topic: 'order.2', reason: 'no permission' }]);
    const both = ['order.2', 'order.2'].map((topic) => shop.broker.publish(topic, '{}'));
    expect(await Promise.allSettled(both)).toMatchObject([
      { status: 'rejected', reason: { failure: refusal } },
      { status: 'rejected', reason: { failure: refusal } },
    ]);
  });

  test('still sends and gets what it may', async () => {
    writeFileSync(file, `authorization { users: [ { user: ann, password: b } ] }\n`);
    const server = await startNats('--config', file);
    onTestFinished(() => server.close());
    const { shop, warnings, connected } = await openShop({ nats: { servers: server.url, user: 'ann', password: 'b' } });
    await connected();
    const received: string[] = [];
    await new Promise<void>((begun) => {
      shop.broker.follow('order.2', undefined, {
        begin: () => begun(),
        message: ({ text }) => received.push(text),
        fail() {},
      });
    });
    await shop.broker.publish('order.2', '{}');
    await expect.poll(() => received).toEqual(['{}']);
    expect(warnings()).toEqual([]);
  });
});

describe.skipIf(!HAS_REDIS)('a topic that Redis refuses', () => {
  test.each(['streams', 'pubsub'])('is logged once, with the key: no permission for %s', async (mode) => {
    const server = await startRedis();
    onTestFinished(() => server.close());
    const admin = new Redis(server.url);
    onTestFinished(() => admin.disconnect());
    await admin.call(
      'ACL',
      'SETUSER',
      'ann',
      'on',
      '>secret',
      'resetkeys',
      'resetchannels',
      '~mine.*',
      '&mine.*',
      '+@all',
    );
    const url = server.url.replace('redis://', 'redis://ann:secret@');
    const { shop, warnings, connected } = await openShop({ redis: { url, mode } });
    await connected();
    const refusal = { reason: 'no permission', key: 'redis.url', isTemporary: false };
    expect(await subscribe(shop, 'order.1')).toMatchObject(refusal);
    expect(await subscribe(shop, 'order.2')).toMatchObject(refusal);
    await expect(shop.broker.publish('order.1', '{}')).rejects.toMatchObject({ failure: refusal });
    expect(warnings()).toEqual([{ key: 'events.shop.redis.url', topic: 'order.1', reason: 'no permission' }]);
  });

  test('is logged with the key: something else than a stream', async () => {
    const server = await startRedis();
    onTestFinished(() => server.close());
    const admin = new Redis(server.url);
    onTestFinished(() => admin.disconnect());
    await admin.set('order.1', 'a text');
    const { shop, warnings, connected } = await openShop({ redis: { url: server.url, mode: 'streams' } });
    await connected();
    const reason = 'the key of the topic is no stream';
    expect(await subscribe(shop, 'order.1')).toMatchObject({ reason, isTemporary: false });
    await expect(shop.broker.publish('order.1', '{}')).rejects.toThrow(reason);
    expect(warnings()).toEqual([{ key: 'events.shop.redis.mode', topic: 'order.1', reason }]);
  });
});

test.each([
  ['nats.servers', (port: number) => ({ nats: { servers: `nats://127.0.0.1:${port}` } })],
  ['redis.url', (port: number) => ({ redis: { url: `redis://127.0.0.1:${port}` } })],
])('a broker that is not there at the start is logged once, with its key: %s', async (key, settingsFor) => {
  const { shop, warnings } = await openShop(settingsFor(await freePort()));
  await expect.poll(() => warnings().length).toBeGreaterThan(0);
  // neither a subscription nor the next attempts to connect are logged
  expect(await subscribe(shop, 'order.1')).toMatchObject({ reason: 'no connection', isTemporary: true });
  await expect(shop.broker.publish('order.1', '{}')).rejects.toThrow('no connection');
  expect(warnings()).toEqual([{ key: `events.shop.${key}`, topic: undefined, reason: 'no connection' }]);
});
