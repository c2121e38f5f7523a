import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { configFileSchema } from '../../../src/config/config.ts';
import type { Broker, BrokerFailure } from '../../../src/sources/events/broker.ts';
import { openBroker } from '../../../src/sources/events/open-broker.ts';
import { RedisPubSub } from '../../../src/sources/events/redis-pubsub.ts';
import { RedisStreams } from '../../../src/sources/events/redis-streams.ts';
import { HAS_REDIS, startRedis } from '../../store/redis-server.ts';
import { readSettings } from './test-brokers.ts';

/** Follows a topic. Resolves when messages from then on arrive. */
async function follow(broker: Broker) {
  const received: string[] = [];
  const failures: BrokerFailure[] = [];
  await new Promise<string | undefined>((begin) => {
    const message = ({ text }: { readonly text: string }) => void received.push(text);
    onTestFinished(broker.follow('order.1', undefined, { begin, message, fail: (one) => void failures.push(one) }));
  });
  return { received, failures };
}

describe.skipIf(!HAS_REDIS)('Redis', () => {
  test.each([
    ['pubsub', RedisPubSub],
    ['streams', RedisStreams],
  ] as const)('that answers nothing any more is a lost connection, mode %s', async (_, Kind) => {
    const server = await startRedis();
    onTestFinished(() => server.close());
    const broker = new Kind({ url: server.url, pingMs: 200, onChange() {} }, undefined);
    onTestFinished(() => broker.close());
    await expect.poll(() => broker.isConnected).toBe(true);
    const { failures } = await follow(broker);
    server.freeze();
    await expect.poll(() => failures).toMatchObject([{ isTemporary: true }]);
    expect(broker.isConnected).toBe(false);
    server.resume();
    await expect.poll(() => broker.isConnected).toBe(true);
    const { received } = await follow(broker);
    await broker.publish('order.1', 'again');
    await expect.poll(() => received).toEqual(['again']);
  });

  test('as a cluster has no streams here; pubsub works', async () => {
    const server = await startRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
    onTestFinished(() => server.close());
    const admin = new Redis(server.url);
    onTestFinished(() => admin.disconnect());
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    const reasons: (string | undefined)[] = [];
    const open = async (mode: string) => {
      const observer = { received() {}, malformed() {}, published() {}, refused() {} };
      const change = (_: boolean, reason: string | undefined) => void reasons.push(reason);
      const { broker } = await openBroker(
        'orders',
        readSettings({ redis: { url: server.url, mode } }),
        observer,
        change,
      );
      onTestFinished(() => broker.close());
      return broker;
    };
    const streams = await open('streams');
    const mistake = 'events.orders.redis.mode: streams cannot be read in a Redis Cluster; use another server';
    await expect.poll(() => reasons).toEqual([mistake]);
    const failure = await new Promise(
      (fail) => void streams.follow('order.1', undefined, { begin() {}, message() {}, fail }),
    );
    expect(failure).toMatchObject({ reason: mistake, isTemporary: false });
    const pubsub = await open('pubsub');
    await expect.poll(() => pubsub.isConnected).toBe(true);
    const { received } = await follow(pubsub);
    await pubsub.publish('order.1', 'hello');
    await expect.poll(() => received).toEqual(['hello']);
  });
});

test('TLS settings of a URL without TLS are refused', () => {
  const redis = { url: 'redis://localhost', tls: { certificate_authorities: '/etc/ca.pem' } };
  const { error } = configFileSchema.safeParse({ events: { orders: { redis } } });
  expect(error?.issues[0]).toMatchObject({ path: ['events', 'orders', 'redis', 'tls'] });
});
