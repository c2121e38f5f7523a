import type { RequestListener, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { composeEvents, type EventWorld, eventWorld, startBroker } from '../gateway/event-world.ts';
import { dataIn, subscribed, UPDATED } from '../gateway/subscribed-events.ts';
import { BROKERS, type BrokerKind } from '../sources/events/test-brokers.ts';
import { bodyOf } from '../sources/fake-subgraph.ts';
import { stubApi } from '../sources/rest/stub-api.ts';

const PUBSUB = BROKERS.find(({ name }) => name === 'Redis pub/sub') as BrokerKind;
const ifInstalled = test.skipIf(!PUBSUB.isInstalled);

const TOPIC = 'order.1.updated';
const CACHED = { response_cache: { enabled: true, jitter: '0%', subgraph: { all: { ttl: '1h' } } } };
/** A mutation that nobody subscribes to, whose result looks up the same fields of an order. */
const TOUCH = 'mutation { touch(id: 1) { id status } }';
const EVENTS = `
  type Subscription { orderUpdated(id: ID!): Order @event(source: "orders", topic: "order.{args.id}.updated") }
  type Mutation {
    touch(id: ID!): Order @publish(source: "orders", topic: "order.{args.id}.touched")
    change(id: ID!): Boolean @publish(source: "orders", topic: "order.{args.id}.touched") @invalidates(tags: ["order-{$args.id}"])
  }`;

type Entity = Readonly<Record<string, unknown>>;

/** Orders and products whose data the test sets, behind a gateway with events. */
async function changingWorld(config: object = CACHED, more: Record<string, string> = {}) {
  const world = await eventWorld(await startBroker(PUBSUB), { ...config }, composeEvents(more, EVENTS));
  const data = { status: 'first', name: 'first' };
  /** What the look-ups of order 1 wait for, each on its own. */
  const gate: { waits: undefined | (() => Promise<void>) } = { waits: undefined };
  const asked: Entity[] = [];
  const answering =
    (
      find: (entity: Entity) => Entity,
      waits: (asked: readonly Entity[]) => Promise<void> | undefined,
    ): RequestListener =>
    async (req, res) => {
      const { variables } = JSON.parse(await bodyOf(req));
      const representations: Entity[] = variables[Object.keys(variables)[0] as string];
      asked.push(...representations);
      const text = JSON.stringify({ data: { _entities: representations.map(find) } });
      await waits(representations);
      res.setHeader('content-type', 'application/json');
      res.end(text);
    };
  world.behave(
    'orders',
    answering(
      ({ id }) => ({ status: data.status, item: { sku: `sku-${id}` } }),
      (some) => (some.some(({ id }) => id === '1') ? gate.waits?.() : undefined),
    ),
  );
  world.behave(
    'products',
    answering(
      () => ({ name: data.name }),
      () => undefined,
    ),
  );
  return { ...world, data, gate, asked };
}

async function post({ server }: EventWorld, query: string) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return JSON.parse(await response.text()).data;
}

type Reader = Awaited<ReturnType<typeof subscribed>>['reader'];

/** Reads events until one has a text. */
async function eventWith(reader: Reader, text: string) {
  for (;;) {
    const event = await reader.until('\n\n');
    if (event.includes(text)) return dataIn(event).data;
  }
}

/** A promise that the test resolves. */
function held() {
  let release = () => {};
  const promise = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { promise, release };
}

describe('an event that says that an entity has changed', () => {
  ifInstalled('delivers its new value, which is cached; other entities come from the cache', async () => {
    const world = await changingWorld();
    const { reader, first } = await subscribed(world, UPDATED, TOPIC, { id: '1' });
    expect(dataIn(first).data.orderUpdated).toEqual({ id: '1', status: 'first', item: { name: 'first' } });
    Object.assign(world.data, { status: 'second', name: 'second' });
    await world.publish(TOPIC, { id: '1' });
    const { orderUpdated } = await eventWith(reader, 'second');
    expect(orderUpdated).toEqual({ id: '1', status: 'second', item: { name: 'first' } });
    expect(world.calls.products).toBe(1);
  });

  ifInstalled('does not take a value that was cached for a query, and replaces it', async () => {
    const world = await changingWorld();
    const query = 'subscription { orderUpdated(id: 1) { id status } }';
    const touched = async () => (await post(world, TOUCH)).touch.status;
    expect([await touched(), await touched(), world.calls.orders]).toEqual(['first', 'first', 1]);
    world.data.status = 'second';
    expect(await touched()).toBe('first');
    const { first } = await subscribed(world, query, TOPIC, { id: '1' });
    expect(dataIn(first).data.orderUpdated.status).toBe('second');
    expect(await touched()).toBe('second');
  });

  ifInstalled.each([
    ['with the response cache', CACHED],
    ['without a cache', {}],
  ])('does not share a fetch that was sent before it: %s', async (_, config) => {
    const world = await changingWorld(config);
    const query = 'subscription { orderUpdated(id: 1) { id status } }';
    const { reader } = await subscribed(world, query, TOPIC, { id: '0' });
    const old = held();
    world.gate.waits = () => old.promise;
    // the event of order 0 may have been published several times
    const askedForOne = () => world.asked.filter(({ id }) => id === '1').length;
    const slow = post(world, TOUCH);
    await expect.poll(askedForOne).toBe(1);
    world.gate.waits = undefined;
    world.data.status = 'second';
    await world.publish(TOPIC, { id: '1' });
    expect((await eventWith(reader, '"id":"1"')).orderUpdated.status).toBe('second');
    old.release();
    expect((await slow).touch.status).toBe('first');
    // nor does the old value replace the new one
    expect((await post(world, TOUCH)).touch.status).toBe('second');
  });

  ifInstalled('does not take the old value where the subgraph fails', async () => {
    const stale = { ...CACHED.response_cache, subgraph: { all: { ttl: '1h', stale_if_error: '1h' } } };
    const world = await changingWorld({ response_cache: stale });
    const query = 'subscription { orderUpdated(id: 1) { id status } }';
    const { reader } = await subscribed(world, query, TOPIC, { id: '1' });
    world.behave('orders', (_, res) => res.writeHead(500).end());
    await world.publish(TOPIC, { id: '1' });
    for (;;) {
      const event = dataIn(await reader.until('\n\n'));
      if (event.errors === undefined) continue;
      expect([event.data.orderUpdated, event.errors[0].extensions.code]).toEqual([null, 'SUBREQUEST_HTTP_ERROR']);
      break;
    }
  });

  ifInstalled('is fetched once for all subscriptions that need the same', async () => {
    const world = await changingWorld({});
    const one = await subscribed(world, 'subscription One { orderUpdated(id: 1) { id status } }', TOPIC, { id: '0' });
    const two = await subscribed(world, 'subscription Two { orderUpdated(id: 1) { status id } }', TOPIC, { id: '0' });
    await world.publish(TOPIC, { id: 'end of the beginning' });
    for (const { reader } of [one, two]) await eventWith(reader, 'end of the beginning');
    world.asked.length = 0;
    await world.publish(TOPIC, { id: '1' });
    for (const { reader } of [one, two]) await eventWith(reader, '"id":"1"');
    expect(world.asked.length).toBe(1);
  });

  ifInstalled('and comes many times while it is fetched is fetched once more', async () => {
    const world = await changingWorld();
    const { reader } = await subscribed(world, 'subscription { orderUpdated(id: 1) { id status } }', TOPIC, {
      id: '0',
    });
    // needs no fetch, so that it shows what has arrived
    const ids = await subscribed(world, 'subscription { orderUpdated(id: 1) { id } }', TOPIC, { id: '0' });
    await world.publish(TOPIC, { id: 'begin' });
    await eventWith(ids.reader, 'begin');
    await eventWith(reader, 'begin');
    const first = held();
    world.gate.waits = () => first.promise;
    world.asked.length = 0;
    for (let n = 0; n < 50; n++) await world.publish(TOPIC, { id: '1' });
    await world.publish(TOPIC, { id: 'end' });
    await eventWith(ids.reader, 'end');
    first.release();
    world.gate.waits = undefined;
    await eventWith(reader, 'end');
    expect(world.asked.filter(({ id }) => id === '1').length).toBe(2);
  });

  ifInstalled('is not held back by the Retry-After of an earlier event', async () => {
    const world = await changingWorld({});
    const query = 'subscription { orderUpdated(id: 1) { id status } }';
    const { reader } = await subscribed(world, query, TOPIC, { id: '0' });
    const answer = world.data;
    world.behave('orders', (_, res) => res.writeHead(503, { 'retry-after': '1000' }).end());
    await world.publish(TOPIC, { id: '0' });
    await eventWith(reader, '"errors"');
    world.behave('orders', (_, res) => {
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify({ data: { _entities: [answer] } }));
    });
    await world.publish(TOPIC, { id: '1' });
    expect((await eventWith(reader, '"id":"1"')).orderUpdated.status).toBe('first');
  });
});

describe('a mutation with @publish and @invalidates', () => {
  ifInstalled('invalidates', async () => {
    const tagged = 'type Order @key(fields: "id") @cacheTag(format: "order-{$key.id}") { id: ID! }';
    const world = await changingWorld(CACHED, {
      tags: `extend schema @subgraph(url: "http://tags.test")\n${tagged}\ntype Query { nothing: Int }`,
    });
    const touched = async () => (await post(world, TOUCH)).touch.status;
    expect(await touched()).toBe('first');
    world.data.status = 'second';
    expect(await touched()).toBe('first');
    expect(await post(world, 'mutation { change(id: 1) }')).toEqual({ change: true });
    expect(await touched()).toBe('second');
  });
});

describe('an entity of a REST API', () => {
  ifInstalled.each([
    ['without a cache', {}],
    ['with a cache for REST APIs', { connectors: { cache: { enabled: true } } }],
    ['with both caches', { connectors: { cache: { enabled: true } }, ...CACHED }],
  ])('is read again for each event: %s', async (_, config) => {
    const stock = { count: 1 };
    const api = await stubApi(() => (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=600' });
      response.end(JSON.stringify(stock));
    });
    const sdl = `
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
        @source(name: "api", http: {baseURL: "${api.url}"})
      type Query { any: Int @connect(source: "api", http: {GET: "/any"}, selection: "$.count") }
      type Order @key(fields: "id") {
        id: ID!
        stock: Int @connect(source: "api", http: {GET: "/stock/{$this.id}"}, selection: "$.count")
      }`;
    const world = await changingWorld(config, { stock: sdl });
    const { reader } = await subscribed(world, 'subscription { orderUpdated(id: 1) { id stock } }', TOPIC, { id: '1' });
    stock.count = 2;
    await world.publish(TOPIC, { id: '1' });
    expect((await eventWith(reader, '"stock":2')).orderUpdated).toEqual({ id: '1', stock: 2 });
  });
});
