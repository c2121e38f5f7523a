import { buildSchema } from 'graphql';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Broker, BrokerFailure, BrokerMessage } from '../../../src/sources/events/broker.ts';
import { createEventSource } from '../../../src/sources/events/event-source.ts';
import { openBroker } from '../../../src/sources/events/open-broker.ts';
import { TopicFeeds } from '../../../src/sources/events/topic-feeds.ts';
import type { SourceRequest } from '../../../src/sources/source.ts';
import { readTopic } from '../../../src/supergraph/event-topic.ts';
import type { EventField } from '../../../src/supergraph/events.ts';
import { contractBreaches } from '../subscription-contract.ts';
import { BROKERS, type BrokerKind, readSettings, type TestBroker } from './test-brokers.ts';

const IGNORED = { received() {}, malformed() {}, published() {}, refused() {} };

/** Opens a broker, and waits for its connection. */
async function connectTo({ settings }: TestBroker): Promise<Broker> {
  const { broker } = await openBroker('orders', readSettings(settings), IGNORED, () => {});
  onTestFinished(() => broker.close());
  await expect.poll(() => broker.isConnected, { timeout: 10_000 }).toBe(true);
  return broker;
}

async function start(kind: BrokerKind): Promise<TestBroker> {
  const server = await kind.start();
  onTestFinished(() => server.close());
  return server;
}

/** Follows a topic. `hasBegun`: the messages from then on arrive. */
function follow(broker: Broker, topic: string, after?: string) {
  const received: BrokerMessage[] = [];
  const failures: BrokerFailure[] = [];
  let [begun, cursor]: [() => void, string | undefined] = [() => {}, undefined];
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const stop = broker.follow(topic, after, {
    begin(from) {
      cursor = from;
      begun();
    },
    message: (message) => void received.push(message),
    fail: (failure) => void failures.push(failure),
  });
  return { received, failures, stop, hasBegun, cursor: () => cursor, texts: () => received.map(({ text }) => text) };
}

describe.each(BROKERS)('$name', (kind) => {
  const ifInstalled = test.skipIf(!kind.isInstalled);

  ifInstalled('keeps the contract of subscriptions', { timeout: 60_000 }, async () => {
    const request: SourceRequest = {
      body: '{"query":"subscription { ticks }"}',
      operationType: 'subscription',
      client: { requestId: 'test', headers: {} },
    };
    const open = async () => {
      const server = await start(kind);
      const broker = await connectTo(server);
      let begun = () => {};
      const hasBegun = new Promise<void>((resolve) => {
        begun = resolve;
      });
      const observed: Broker = {
        isConnected: true,
        hasWildcards: broker.hasWildcards,
        replay: broker.replay,
        follow: (topic, after, listener) =>
          broker.follow(topic, after, {
            begin(cursor) {
              listener.begin(cursor);
              begun();
            },
            message: (message) => listener.message(message),
            fail: (failure) => listener.fail(failure),
          }),
        publish: (topic, text) => broker.publish(topic, text),
        close: () => broker.close(),
      };
      const feeds = new TopicFeeds(observed, IGNORED);
      return {
        subscribe: ticks({ broker: observed, feeds, observer: IGNORED }),
        upstream: {
          get open() {
            return feeds.size;
          },
          async event(text: string) {
            await hasBegun;
            await broker.publish('order.ticks', text);
          },
          interrupt: () => server.kill(),
        },
      };
    };
    const breaches = await contractBreaches(open, {
      request,
      resultOf: (text) => `{"data":{"ticks":${text}}}`,
      settle: (isDone) => expect.poll(isDone, { timeout: 10_000 }).toBe(true),
    });
    expect(breaches).toEqual([]);
  });

  ifInstalled('delivers each message to all that follow, in order', async () => {
    const server = await start(kind);
    const [sender, ...receivers] = await Promise.all([connectTo(server), connectTo(server), connectTo(server)]);
    const followed = receivers.map((broker) => follow(broker, 'order.1'));
    await Promise.all(followed.map(({ hasBegun }) => hasBegun));
    const texts = Array.from({ length: 300 }, (_, index) => `{"n":${index}}`);
    for (const text of texts) await sender.publish('order.1', text);
    await sender.publish('order.2', 'of another topic');
    for (const { texts: arrived, received } of followed) {
      await expect.poll(() => received.length, { timeout: 10_000 }).toBe(300);
      expect(arrived()).toEqual(texts);
    }
  });

  ifInstalled('delivers nothing after it was stopped', async () => {
    const broker = await connectTo(await start(kind));
    const [stopped, other] = [follow(broker, 'order.1'), follow(broker, 'order.2')];
    await Promise.all([stopped.hasBegun, other.hasBegun]);
    stopped.stop();
    await broker.publish('order.1', '1');
    await broker.publish('order.2', '2');
    await expect.poll(other.texts).toEqual(['2']);
    expect(stopped.texts()).toEqual([]);
  });

  ifInstalled('says that its connection is lost, and connects again', { timeout: 30_000 }, async () => {
    const server = await start(kind);
    const broker = await connectTo(server);
    const before = follow(broker, 'order.1');
    await before.hasBegun;
    await server.kill();
    await expect.poll(() => before.failures, { timeout: 10_000 }).toHaveLength(1);
    expect(before.failures[0]).toMatchObject({ isTemporary: true, isUnsent: false });
    await expect(broker.publish('order.1', 'lost')).rejects.toThrow(/./);
    const meanwhile = follow(broker, 'order.1');
    await expect.poll(() => meanwhile.failures).toHaveLength(1);
    await server.restart();
    await expect.poll(() => broker.isConnected, { timeout: 10_000 }).toBe(true);
    const after = follow(broker, 'order.1', before.cursor());
    await after.hasBegun;
    await broker.publish('order.1', 'again');
    await expect.poll(after.texts, { timeout: 10_000 }).toEqual(['again']);
  });
});

describe.each(BROKERS.filter(({ canReplay }) => canReplay))('$name', (kind) => {
  const ifInstalled = test.skipIf(!kind.isInstalled);

  ifInstalled('resumes after a cursor, each when the one before was processed', async () => {
    const broker = await connectTo(await start(kind));
    const live = follow(broker, 'order.1');
    await live.hasBegun;
    for (let n = 1; n <= 250; n++) await broker.publish('order.1', String(n));
    await expect.poll(() => live.received.length, { timeout: 10_000 }).toBe(250);
    const read: string[] = [];
    let [open, most] = [0, 0];
    const caughtUp = new Promise<string>((resolve, reject) => {
      const stop = broker.replay?.read('order.1', live.received[99]?.cursor ?? '', {
        async message({ text }) {
          most = Math.max(most, ++open);
          await new Promise(setImmediate);
          read.push(text);
          open -= 1;
        },
        caughtUp: resolve,
        fail: ({ reason }) => reject(new Error(reason)),
      });
      onTestFinished(() => stop?.());
    });
    expect(await caughtUp).toBe(live.received[249]?.cursor);
    expect(read).toEqual(Array.from({ length: 150 }, (_, index) => String(index + 101)));
    expect(most).toBe(1);
  });

  ifInstalled('says that messages may be missing after a cursor that it never had', async () => {
    const broker = await connectTo(await start(kind));
    await broker.publish('order.1', '1');
    const followed = follow(broker, 'order.1', kind.name === 'JetStream' ? '900' : '9999999999999-0');
    await followed.hasBegun;
    await broker.publish('order.1', '2');
    await expect.poll(() => followed.received).toMatchObject([{ text: '2', mayHaveMissed: true }]);
  });
});

describe('a stream that does not exist', () => {
  const kind = BROKERS.find(({ name }) => name === 'JetStream') as BrokerKind;

  test.skipIf(!kind.isInstalled)('is no reason to try again', async () => {
    const server = await start(kind);
    const { nats } = server.settings as { readonly nats: object };
    const broker = await connectTo({ ...server, settings: { nats: { ...nats, jetstream: { stream: 'OTHER' } } } });
    const { failures } = follow(broker, 'order.1');
    const key = 'nats.jetstream.stream';
    await expect
      .poll(() => failures)
      .toEqual([{ reason: 'stream not found', isTemporary: false, isUnsent: true, key }]);
  });
});

/** Returns `subscribe` of a source with `Subscription.ticks: Int`, whose messages are of the topic `order.ticks`. */
function ticks(
  broker: Parameters<typeof createEventSource>[1]['brokers'] extends ReadonlyMap<string, infer B> ? B : never,
) {
  const topic = readTopic('order.ticks', true);
  if ('mistake' in topic) throw new Error(topic.mistake);
  const type = { kind: 'NamedType', name: { kind: 'Name', value: 'Int' } } as EventField['type'];
  const field = {
    operation: 'subscription',
    graph: 'clock',
    field: 'ticks',
    source: 'orders',
    topic,
    payload: 'FULL',
    type,
  } as const;
  const events = { of: 'clock', fields: new Map([['Subscription.ticks', field]]) };
  const schema = buildSchema('type Query { a: Int } type Subscription { ticks: Int }');
  const subgraph = { id: 'CLOCK', name: 'clock', url: '', types: new Map(), events };
  const { subscribe } = createEventSource(subgraph, { brokers: new Map([['orders', broker]]), schema });
  if (subscribe === undefined) throw new Error('there are no subscriptions');
  return subscribe;
}
