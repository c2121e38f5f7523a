import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BROKERS, type BrokerKind } from '../sources/events/test-brokers.ts';
import { openEvents } from './event-reader.ts';
import { composeEvents, type EventWorld, eventWorld, startBroker } from './event-world.ts';
import { dataIn, resumeByExtension, subscribed, UPDATED } from './subscribed-events.ts';

const brokerOf = (name: string) => BROKERS.find((kind) => kind.name === name) as BrokerKind;
const STREAMS = brokerOf('Redis streams');
const PUBSUB = brokerOf('Redis pub/sub');
const ifInstalled = test.skipIf(!STREAMS.isInstalled);

async function post({ server }: EventWorld, query: string, variables = {}) {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const response = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  return JSON.parse(await response.text());
}

describe.each(BROKERS)('events of $name', (kind) => {
  test.skipIf(!kind.isInstalled)('are entities, completed from subgraphs; clients share one topic', async () => {
    const broker = await startBroker(kind);
    const world = await eventWorld(broker);
    const one = await subscribed(world, UPDATED, 'order.1.updated', { id: '1' });
    const data = { orderUpdated: { id: '1', status: 'status 1', item: { name: 'name of sku-1' } } };
    expect(dataIn(one.first).data).toEqual(data);
    const other = await eventWorld(broker);
    const two = await subscribed(other, UPDATED, 'order.1.updated', { id: '1' });
    expect(dataIn(two.first).data).toEqual(data);
    expect(dataIn(await one.reader.until('\n\n')).data).toEqual(data);
  });
});

describe('messages', () => {
  ifInstalled('with the whole payload need no fetch, but for fields with arguments', async () => {
    const world = await eventWorld(await startBroker(STREAMS));
    const query = 'subscription { orderStored(id: 1) { id item { sku } upper: status(upper: true) } }';
    const message = { id: '1', status: 'of the message', item: { sku: 'a' }, more: 1 };
    const { first } = await subscribed(world, query, 'order.1.stored', message);
    expect(dataIn(first).data.orderStored).toEqual({ id: '1', item: { sku: 'a' }, upper: 'STATUS 1' });
    const plain = await subscribed(world, 'subscription { orderStored(id: 2) { item { sku } } }', 'order.2.stored', {
      item: { sku: 'b' },
    });
    expect(dataIn(plain.first).data.orderStored).toEqual({ item: { sku: 'b' } });
  });

  ifInstalled('name the type where there are several', async () => {
    const world = await eventWorld(await startBroker(STREAMS));
    const query = 'subscription { anything { __typename ... on Order { status } ... on Product { name } } }';
    const product = await subscribed(world, query, 'order.any.thing', { __typename: 'Product', sku: '7' });
    expect(dataIn(product.first).data.anything).toEqual({ __typename: 'Product', name: 'name of 7' });
  });

  ifInstalled('keep the digits of numbers', async () => {
    const world = await eventWorld(await startBroker(STREAMS));
    const { first } = await subscribed(world, 'subscription { count }', 'order.count.changed', '1234567');
    expect(dataIn(first).data).toEqual({ count: 1234567 });
    const order = await subscribed(world, 'subscription { orderStored(id: 1) { item { sku } } }', 'order.1.stored', {
      item: { sku: '1' },
    });
    await world.publish('order.1.stored', '{"item":{"sku":12345678901234567890}}');
    expect(await order.reader.until('12345678901234567890')).toContain('"sku":');
  });

  ifInstalled('that are malformed are left out, logged and counted', async () => {
    const world = await eventWorld(await startBroker(STREAMS), {
      telemetry: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } },
    });
    const { reader } = await subscribed(world, UPDATED, 'order.1.updated', { id: '1' });
    for (const malformed of ['no json', '{}', '[]', 'null', '{"id":null}', '{"id":"1","__typename":"Product"}'])
      await world.publish('order.1.updated', malformed);
    await world.publish('order.1.updated', { id: 'good' });
    let event = dataIn(await reader.until('\n\n'));
    while (event.data.orderUpdated.id === '1') event = dataIn(await reader.until('\n\n'));
    expect(event.data.orderUpdated.id).toBe('good');
    const line = world.lines.find(({ msg }) => msg.startsWith('Message of an event source left out'));
    expect(line).toMatchObject({ level: 'warn', source: 'orders', topic: 'order.1.updated', reason: 'it is not JSON' });
    const metrics = await (await fetch(`${world.server.metricsUrl}`)).text();
    expect(metrics).toContain('headgate_events_malformed_total{source="orders"} 6');
    expect(metrics).toContain('headgate_event_source_up{source="orders"} 1');
  });

  ifInstalled(
    'of a Redis stream are in the field "data" of an entry; the log names it where it is missing',
    async () => {
      const broker = await startBroker(STREAMS);
      const world = await eventWorld(broker);
      const { reader } = await subscribed(world, UPDATED, 'order.1.updated', { id: '1' });
      const redis = new Redis((broker.settings.redis as { url: string }).url);
      onTestFinished(() => redis.disconnect());
      await redis.xadd('order.1.updated', '*', 'payload', '{"id":"other"}');
      await redis.xadd('order.1.updated', '*', 'kind', 'update', 'data', '{"id":"good"}');
      await reader.until('"good"');
      const line = world.lines.find(({ msg }) => msg.startsWith('Message of an event source left out'));
      expect(line).toMatchObject({ topic: 'order.1.updated', reason: 'the entry has no field "data"' });
    },
  );

  ifInstalled('about an entity that is gone are null', async () => {
    const world = await eventWorld(await startBroker(STREAMS));
    const { first } = await subscribed(world, UPDATED.replace('1', '404'), 'order.404.updated', { id: '404' });
    expect(dataIn(first).data).toEqual({ orderUpdated: null });
  });
});

describe('mutations with @publish', () => {
  ifInstalled('send their arguments, which subscriptions get', async () => {
    const world = await eventWorld(await startBroker(STREAMS));
    const { reader } = await subscribed(world, UPDATED, 'order.1.updated', { id: '1' });
    const result = await post(world, 'mutation { noteOrder(id: 1, note: "x") { id status } }');
    expect(result).toEqual({ data: { noteOrder: { id: '1', status: 'status 1' } } });
    expect(dataIn(await reader.until('\n\n')).data.orderUpdated.id).toBe('1');
    const counted = await post(
      world,
      'mutation ($value: Counted!) { a: count(value: $value) b: count(value: {id: 2}) }',
      {
        value: { id: 'counted' },
      },
    );
    expect(counted).toEqual({ data: { a: true, b: true } });
  });

  ifInstalled('are an error where the broker is not there', async () => {
    const broker = await startBroker(PUBSUB);
    await broker.kill();
    const world = await eventWorld(broker);
    const { data, errors } = await post(world, 'mutation { noteOrder(id: 1) { id } }');
    expect(data).toEqual({ noteOrder: null });
    expect(errors[0]).toMatchObject({ path: ['noteOrder'], extensions: { code: 'SUBREQUEST_HTTP_ERROR' } });
    expect(errors[0].message).toContain('The message was not sent to the event source "orders"');
  });
});

describe('what cannot be', () => {
  ifInstalled('a broker that is not there at the start: the gateway starts, and subscriptions say so', async () => {
    const broker = await startBroker(PUBSUB);
    await broker.kill();
    const world = await eventWorld(broker);
    const { reader } = await openEvents(world.server.url, UPDATED);
    const { errors } = dataIn(await reader.until('\n\n'));
    expect(errors[0].message).toBe('The event source "orders" is not available (no connection).');
    await broker.restart();
    await expect.poll(() => world.lines.some(({ msg }) => msg.startsWith('Event source available'))).toBe(true);
    expect(dataIn((await subscribed(world, UPDATED, 'order.1.updated', { id: '1' })).first).data.orderUpdated.id).toBe(
      '1',
    );
  });

  ifInstalled('an argument that would change the topic', async () => {
    const world = await eventWorld(await startBroker(PUBSUB));
    const { reader } = await openEvents(world.server.url, 'subscription { orderUpdated(id: "*") { id } }');
    const { errors } = dataIn(await reader.until('\n\n'));
    expect(errors[0].extensions.code).toBe('BAD_USER_INPUT');
    expect(errors[0].message).toContain('it has the character "*"');
  });

  ifInstalled('resuming where nothing is stored', async () => {
    const world = await eventWorld(await startBroker(PUBSUB));
    const { response } = await resumeByExtension(world, UPDATED, '5');
    expect(await response.text()).toContain('The subscription cannot be resumed');
    const number = await resumeByExtension(world, UPDATED, 5);
    expect(number.response.status).toBe(400);
  });

  test('an event source that the config does not have', async () => {
    await expect(eventWorld({ settings: { redis: { url: 'redis://127.0.0.1:1' } } }, { events: {} })).rejects.toThrow(
      'there is no event source "orders", which @event on "Subscription.orderUpdated" of the subgraph "orders" names',
    );
  });

  test('wildcards with Redis', async () => {
    const sdl = composeEvents({
      alerts: 'type Subscription { alert: String @event(source: "orders", topic: "alert.*", payload: FULL) }',
    });
    await expect(eventWorld({ settings: { redis: { url: 'redis://127.0.0.1:1' } } }, {}, sdl)).rejects.toThrow(
      'is Redis, whose topics have no wildcards',
    );
  });
});

describe('a new schema', () => {
  ifInstalled('with another selection of the message resumes without a gap', async () => {
    const world = await eventWorld(await startBroker(STREAMS));
    const query = 'subscription { orderStored(id: 1) { id status } }';
    const { reader } = await subscribed(world, query, 'order.1.stored', { id: '0', status: 'a' });
    world.update(composeEvents({}, EVENTS_AS_ENTITIES));
    await expect.poll(() => world.lines.some(({ msg }) => /schema/.test(msg))).toBe(true);
    for (let n = 1; n <= 20; n++) await world.publish('order.1.stored', { id: `${n}`, status: 'a' });
    const ids: string[] = [];
    while (ids.at(-1) !== '20') ids.push(dataIn(await reader.until('\n\n')).data.orderStored.id);
    expect(ids.filter((id) => id !== '0')).toEqual(Array.from({ length: 20 }, (_, index) => `${index + 1}`));
  });

  ifInstalled('with another topic follows that one', async () => {
    const world = await eventWorld(await startBroker(PUBSUB));
    const query = 'subscription { orderUpdated(id: 1) { id } }';
    const { reader } = await subscribed(world, query, 'order.1.updated', { id: 'old' });
    world.update(composeEvents({}, EVENTS_OF_ANOTHER_TOPIC));
    await expect.poll(() => world.lines.some(({ msg }) => /schema/.test(msg))).toBe(true);
    let text = '';
    const next = reader.until('"new"').then((read) => {
      text = read;
    });
    while (text === '') {
      await world.publish('order.1.changed', { id: 'new' });
      await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
  });
});

const EVENTS_AS_ENTITIES = `
  type Subscription {
    orderStored(id: ID!): Order @event(source: "orders", topic: "order.{args.id}.stored")
  }
`;

const EVENTS_OF_ANOTHER_TOPIC = `
  type Subscription {
    orderUpdated(id: ID!): Order @event(source: "orders", topic: "order.{args.id}.changed")
  }
`;
