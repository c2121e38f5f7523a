import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { type Broker, type BrokerFailure, NotSentError } from '../../../src/sources/events/broker.ts';
import { createEventSource } from '../../../src/sources/events/event-source.ts';
import { TopicFeeds } from '../../../src/sources/events/topic-feeds.ts';
import { readTopic } from '../../../src/supergraph/event-topic.ts';
import type { EventField } from '../../../src/supergraph/events.ts';

/** A source with `Subscription.ticks` and `Mutation.tick` at a broker that refuses everything, and the topics that its log gets. */
function refusing(failure: BrokerFailure) {
  const refused: string[] = [];
  const observer = {
    received() {},
    malformed() {},
    published() {},
    refused: (topic: string) => void refused.push(topic),
  };
  const broker: Broker = {
    isConnected: true,
    hasWildcards: false,
    follow(_topic, _after, { fail }) {
      queueMicrotask(() => fail(failure));
      return () => {};
    },
    publish: () => Promise.reject(new NotSentError(failure, undefined)),
    close: async () => {},
  };
  const topic = readTopic('order.ticks', true) as EventField['topic'];
  const type = { kind: 'NamedType', name: { kind: 'Name', value: 'Int' } } as EventField['type'];
  const common = { graph: 'clock', source: 'shop', topic, payload: 'FULL', type } as const;
  const fields = new Map<string, EventField>([
    ['Subscription.ticks', { ...common, operation: 'subscription', field: 'ticks' }],
    ['Mutation.tick', { ...common, operation: 'mutation', field: 'tick' }],
  ]);
  const source = createEventSource(
    { id: 'CLOCK', name: 'clock', url: '', types: new Map(), events: { of: 'clock', fields } },
    {
      brokers: new Map([['shop', { broker, feeds: new TopicFeeds(broker, observer), observer }]]),
      schema: buildSchema('type Query { a: Int } type Mutation { tick: Int } type Subscription { ticks: Int }'),
    },
  );
  return { source, refused };
}

const client = { requestId: 'test', headers: {} };

test.each<[BrokerFailure, string]>([
  [
    { reason: 'stream not found', isTemporary: false, isUnsent: true, key: 'nats.jetstream.stream' },
    'The event source "shop" cannot deliver these events (stream not found; see events.shop.nats.jetstream.stream).',
  ],
  [
    { reason: 'no permission', isTemporary: false, isUnsent: true, key: 'redis.url', detail: 'NOPERM User ann …' },
    'The event source "shop" cannot deliver these events (no permission; see events.shop.redis.url).',
  ],
  [
    { reason: 'no connection', isTemporary: true, isUnsent: true },
    'The event source "shop" is not available (no connection).',
  ],
])('%j', async (failure, message) => {
  const { source, refused } = refusing(failure);
  const error = await new Promise<unknown>((resolve) => {
    source.subscribe?.(
      { body: '{"query":"subscription { ticks }"}', operationType: 'subscription', client },
      { next: async () => {}, complete() {}, refuse() {}, error: resolve },
    );
  });
  expect(error).toMatchObject({ message, isConnectionFailure: failure.isTemporary });
  expect(refused).toEqual(['order.ticks']);
});

test('a message that is not sent names the key, too', async () => {
  const { source, refused } = refusing({
    reason: 'no stream has this topic',
    isTemporary: false,
    isUnsent: true,
    key: 'nats.jetstream.stream',
  });
  const response = await new Promise<{ readonly text?: string }>((resolve) => {
    source.send({ body: '{"query":"mutation { tick }"}', operationType: 'mutation', client }, resolve as never);
  });
  expect(JSON.parse(response.text ?? '')).toMatchObject({
    data: { tick: null },
    errors: [
      {
        message:
          'The message was not sent to the event source "shop": no stream has this topic; see events.shop.nats.jetstream.stream.',
      },
    ],
  });
  expect(refused).toEqual(['order.ticks']);
});
