import { useServer } from 'graphql-ws/use/ws';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { openEvents } from '../gateway/event-reader.ts';
import { httpWorld } from '../gateway/http-world.ts';
import { dataIn } from '../gateway/subscribed-events.ts';
import { Topic } from '../gateway/subscription-world.ts';

const ORDERS = `
  type Query { order(id: ID!): Order }
  type Subscription { orderChanged: Order }
  type Order @key(fields: "id") { id: ID! status: String customer: Customer }
  type Customer @key(fields: "id", resolvable: false) { id: ID! }`;
const PRICES = 'type Query { any: Int } type Order @key(fields: "id") { id: ID! price: Int }';
const CUSTOMERS = 'type Query { one: Int } type Customer @key(fields: "id") { id: ID! name: String }';

/** Orders with subscriptions over WebSockets; their prices and customers come from other subgraphs, through the cache. */
async function orders() {
  const data = { price: 1, name: 'Ada' };
  const topic = new Topic<object>();
  const world = await httpWorld(
    {
      orders: {
        typeDefs: ORDERS,
        resolvers: { Query: { order: () => ({ id: '1', status: 'new', customer: { id: '7' } }) } },
      },
      prices: {
        typeDefs: PRICES,
        resolvers: { Order: { __resolveReference: ({ id }: { id: string }) => ({ id, price: data.price }) } },
      },
      customers: {
        typeDefs: CUSTOMERS,
        resolvers: { Customer: { __resolveReference: ({ id }: { id: string }) => ({ id, name: data.name }) } },
      },
    },
    { config: { response_cache: { enabled: true, subgraph: { all: { ttl: '1h' } } } } },
  );
  const schema = world.schemas.get('orders');
  const field = schema?.getSubscriptionType()?.getFields().orderChanged;
  if (!schema || !field) throw new Error('there are no subscriptions');
  field.subscribe = () => topic.subscribe();
  field.resolve = (event) => event;
  const server = new WebSocketServer({ server: world.serverOf('orders') });
  useServer({ schema }, server);
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const changed = (status: string) => topic.publish({ id: '1', status, customer: { id: '7' } });
  const price = async () => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ query: '{ order(id: 1) { price customer { name } } }' });
    const response = await fetch(world.server.url, { method: 'POST', headers, body });
    return JSON.parse(await response.text()).data.order;
  };
  return { ...world, data, topic, changed, price };
}

test('an event of a subgraph has fresh values of its entity from all subgraphs, and cached ones of others', async () => {
  const world = await orders();
  expect(await world.price()).toEqual({ price: 1, customer: { name: 'Ada' } });
  Object.assign(world.data, { price: 2, name: 'Bob' });
  expect(await world.price()).toEqual({ price: 1, customer: { name: 'Ada' } });
  const { reader } = await openEvents(
    world.server.url,
    'subscription { orderChanged { status price customer { name } } }',
  );
  await world.topic.hasSubscriptions(1);
  world.changed('paid');
  const event = dataIn(await reader.until('\n\n')).data.orderChanged;
  expect(event).toEqual({ status: 'paid', price: 2, customer: { name: 'Ada' } });
  // queries find the new value in the cache
  world.data.price = 3;
  expect((await world.price()).price).toBe(2);
});
