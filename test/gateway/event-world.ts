import { onTestFinished } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSource } from '../../src/composition/read-source.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { openBroker } from '../../src/sources/events/open-broker.ts';
import { type BrokerKind, readSettings, type TestBroker } from '../sources/events/test-brokers.ts';
import { type HttpWorld, httpWorld } from './http-world.ts';

/** Fields of `orders.graphql` that a broker resolves. */
const EVENTS = `
  type Subscription {
    orderUpdated(id: ID!): Order @event(source: "orders", topic: "order.{args.id}.updated")
    orderStored(id: ID!): Order @event(source: "orders", topic: "order.{args.id}.stored", payload: FULL)
    anything: Thing @event(source: "orders", topic: "order.any.thing")
    count: Int @event(source: "orders", topic: "order.count.changed", payload: FULL)
  }
  type Mutation {
    noteOrder(id: ID!, note: String, tags: [String!] = ["new"]): Order @publish(source: "orders", topic: "order.{args.id}.updated")
    count(value: Counted!): Boolean! @publish(source: "orders", topic: "order.{args.value.id}.updated")
  }
  input Counted { id: ID!, amount: Float = 1.5 }
  union Thing = Order | Product
`;
const ORDERS = `
  type Query { order(id: ID!): Order }
  type Order @key(fields: "id") { id: ID! status(upper: Boolean = false): String! item: Product }
  type Product @key(fields: "sku", resolvable: false) { sku: ID! }
`;
const PRODUCTS = `
  type Query { products: [Product] }
  type Product @key(fields: "sku") { sku: ID! name: String }
`;

export interface EventWorld extends HttpWorld {
  /** Sends a message as some other program does. */
  publish(topic: string, message: unknown): Promise<void>;
}

/** Composes the schema files of the world. `more`: further files. */
export function composeEvents(more: Readonly<Record<string, string>> = {}, events = EVENTS): string {
  const files = {
    orders: `extend schema @subgraph(url: "http://orders.test")\n${ORDERS}${events}`,
    products: `extend schema @subgraph(url: "http://products.test")\n${PRODUCTS}`,
    ...more,
  };
  const sources = Object.entries(files).map(([name, text]) => {
    const source = readSource({ name, file: `${name}.graphql`, text }, {});
    if (Array.isArray(source)) throw new Error(source.map(formatProblem).join('\n'));
    return source;
  });
  const composed = composeSupergraph(sources);
  if (!composed.ok) throw new Error(composed.problems.map(formatProblem).join('\n'));
  return composed.supergraphSdl;
}

/** Orders and products as real servers, whose events come from a broker, and the gateway before them. */
export async function eventWorld(
  broker: Pick<TestBroker, 'settings'>,
  config: Record<string, unknown> = {},
  supergraphSdl = composeEvents(),
  bffDir?: string,
): Promise<EventWorld> {
  const world = await httpWorld(
    {
      orders: {
        typeDefs: ORDERS,
        resolvers: {
          Order: {
            __resolveReference: ({ id }: { id: string }) => (id === '404' ? null : { id, item: { sku: `sku-${id}` } }),
            status: ({ id }: { id: string }, { upper }: { upper: boolean }) =>
              upper ? `STATUS ${id}` : `status ${id}`,
          },
        },
      },
      products: {
        typeDefs: PRODUCTS,
        resolvers: { Product: { __resolveReference: ({ sku }: { sku: string }) => ({ sku, name: `name of ${sku}` }) } },
      },
    },
    { config: { events: { orders: broker.settings }, ...config }, supergraphSdl, bffDir },
  );
  const observer = { received() {}, malformed() {}, published() {}, refused() {} };
  const { broker: sender } = await openBroker('orders', readSettings(broker.settings), observer, () => {});
  onTestFinished(() => sender.close());
  return {
    ...world,
    publish: async (topic, message) => {
      while (!sender.isConnected) await new Promise((resolve) => setTimeout(resolve, 5));
      await sender.publish(topic, typeof message === 'string' ? message : JSON.stringify(message));
    },
  };
}

/** Starts a broker, which ends with the test. */
export async function startBroker(kind: BrokerKind): Promise<TestBroker> {
  const broker = await kind.start();
  onTestFinished(() => broker.close());
  return broker;
}
