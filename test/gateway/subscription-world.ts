import type { IncomingMessage } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type HttpWorld, httpWorld } from './http-world.ts';

/** What a test publishes, and the subscriptions of a subgraph deliver. */
export class Topic<T> {
  readonly #open = new Set<EventIterator<T>>();
  #onChange: (() => void)[] = [];

  publish(event: T): void {
    for (const one of this.#open) one.push({ done: false, value: event });
  }

  /** Ends all subscriptions, as a subgraph does after the last event. */
  end(): void {
    for (const one of [...this.#open]) one.push({ done: true, value: undefined });
  }

  /** How many subscriptions are open at the subgraph. */
  get size(): number {
    return this.#open.size;
  }

  /** Resolves when so many subscriptions are open at the subgraph. */
  async hasSubscriptions(count: number): Promise<void> {
    while (this.#open.size !== count)
      await new Promise<void>((resolve) => {
        this.#onChange.push(resolve);
      });
  }

  subscribe(): EventIterator<T> {
    const events = new EventIterator<T>(() => {
      this.#open.delete(events);
      this.#changed();
    });
    this.#open.add(events);
    this.#changed();
    return events;
  }

  #changed(): void {
    const waiting = this.#onChange;
    this.#onChange = [];
    for (const resolve of waiting) resolve();
  }
}

class EventIterator<T> implements AsyncIterableIterator<T> {
  readonly #waiting: IteratorResult<T>[] = [];
  readonly #readers: ((result: IteratorResult<T>) => void)[] = [];
  readonly #onEnd: () => void;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  push(result: IteratorResult<T>): void {
    const reader = this.#readers.shift();
    if (reader) reader(result);
    else this.#waiting.push(result);
    if (result.done) this.#onEnd();
  }

  next(): Promise<IteratorResult<T>> {
    const result = this.#waiting.shift();
    return result ? Promise.resolve(result) : new Promise((resolve) => this.#readers.push(resolve));
  }

  return(): Promise<IteratorResult<T>> {
    this.push({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

export interface Review {
  readonly id: string;
  readonly body: string;
  readonly product: { readonly id: string };
}

const REVIEWS = `
  type Query { reviews: [Review!] }
  type Subscription { reviewAdded(product: ID): Review, count(to: Int!): Int }
  type Review @key(fields: "id") { id: ID! body: String product: Product }
  type Product @key(fields: "id", resolvable: false) { id: ID! }
`;
const PRODUCTS = `
  type Query { product(id: ID!): Product, products: [Product!] }
  type Product @key(fields: "id") { id: ID! name: String }
`;

export interface SubscriptionWorld extends HttpWorld {
  readonly topic: Topic<Review>;
  /** The handshakes that the subgraph has received. */
  readonly handshakes: readonly IncomingMessage[];
  /** The payloads of `connection_init` that it has received. */
  readonly inits: readonly unknown[];
  /** Its connections now. */
  readonly sockets: ReadonlySet<WebSocket>;
}

export const ADDED = 'subscription { reviewAdded { body product { name } } }';

/** Returns a review of a product. */
export function review(body: string, product = '1'): Review {
  return { id: body, body, product: { id: product } };
}

/** A subgraph of reviews with subscriptions over WebSockets, one of products without, and the gateway before them. */
export async function subscriptionWorld(
  config: Record<string, unknown> = {},
  graceMs?: number,
  { productNames = [], bffDir }: { readonly productNames?: readonly string[]; readonly bffDir?: string } = {},
): Promise<SubscriptionWorld> {
  const topic = new Topic<Review>();
  const world = await httpWorld(
    {
      reviews: { typeDefs: REVIEWS },
      products: {
        typeDefs: PRODUCTS,
        resolvers: {
          Query: { products: () => productNames.map((name) => ({ id: '1', name })) },
          Product: {
            __resolveReference: ({ id }: { id: string }) => (id === '0' ? null : { id, name: `product ${id}` }),
          },
        },
      },
    },
    { config, bffDir, ...(graceMs !== undefined && { graceMs }) },
  );
  const schema = world.schemas.get('reviews');
  const fields = schema?.getSubscriptionType()?.getFields();
  if (!schema || !fields?.reviewAdded || !fields.count) throw new Error('there are no subscriptions');
  fields.reviewAdded.subscribe = () => topic.subscribe();
  fields.reviewAdded.resolve = (event) => event;
  fields.count.subscribe = async function* (_: unknown, { to }: { to: number }) {
    for (let count = 1; count <= to; count++) yield { count };
  };
  const handshakes: IncomingMessage[] = [];
  const inits: unknown[] = [];
  const server = new WebSocketServer({ server: world.serverOf('reviews') });
  server.on('connection', (_, request) => handshakes.push(request));
  useServer({ schema, onConnect: ({ connectionParams }) => void inits.push(connectionParams) }, server);
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return { ...world, topic, handshakes, inits, sockets: server.clients };
}
