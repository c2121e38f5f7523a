import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { useServer } from 'graphql-ws/use/ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { openBroker } from '../../src/sources/events/open-broker.ts';
import { Topic } from '../gateway/subscription-world.ts';
import { startNats } from '../sources/events/nats-server.ts';
import { readSettings } from '../sources/events/test-brokers.ts';
import { startRedis } from '../store/redis-server.ts';

/** A source of numbered events. `field`: that of `Subscription`. */
export interface NumberedSource {
  readonly field: string;
  /** The numbers that the source has taken, in order. */
  readonly sent: number[];
  readonly canReplay: boolean;
}

const CLOCK = 'type Query { clock: Boolean } type Subscription { tick: Tick } type Tick { n: Int! }';
const TEXTS = `scalar _Any
  type Tick { n: Int! text: String }
  union _Entity = Tick
  type Query { _entities(representations: [_Any!]!): [_Entity]! }`;

/** Serves a schema until the test is over. `withSockets`: subscriptions, too. */
async function serve(schema: ReturnType<typeof createSchema>, withSockets = false) {
  const server = createServer(createYoga({ schema, logging: false }));
  const sockets = new WebSocketServer({ server });
  if (withSockets) useServer({ schema }, sockets);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, sockets };
}

async function clockSubgraph(topic: Topic<{ tick: { n: number } }>) {
  const resolvers = { Subscription: { tick: { subscribe: () => topic.subscribe() } } };
  return serve(createSchema({ typeDefs: CLOCK, resolvers }), true);
}

async function textsSubgraph(): Promise<string> {
  type Representation = { readonly n: number };
  const _entities = (_: unknown, { representations }: { representations: Representation[] }) =>
    representations.map(({ n }) => ({ __typename: 'Tick', n, text: `text ${n}` }));
  const resolvers = { Query: { _entities }, _Entity: { __resolveType: () => 'Tick' } };
  return (await serve(createSchema({ typeDefs: TEXTS, resolvers }))).url;
}

/** The files of a gateway whose subscriptions have numbered events: from a subgraph, NATS, JetStream and both modes of Redis. */
export async function numberedSources() {
  const topic = new Topic<{ tick: { n: number } }>();
  const [clock, texts] = [await clockSubgraph(topic), await textsSubgraph()];
  const nats = await startNats();
  const redis = await startRedis('--appendonly', 'yes', '--appendfsync', 'always');
  onTestFinished(async () => void (await Promise.all([nats.close(), redis.close()])));
  const admin = await connect({ servers: nats.url });
  await (await jetstreamManager(admin)).streams.add({ name: 'TICKS', subjects: ['tick.stored'] });
  await admin.close();
  const brokers = {
    live: { nats: { servers: nats.url } },
    stored: { nats: { servers: nats.url, jetstream: { stream: 'TICKS' } } },
    heard: { redis: { url: redis.url } },
    streamed: { redis: { url: redis.url, mode: 'streams' } },
  };
  const senders = new Map<string, (n: number) => Promise<void>>();
  senders.set('tick', async (n) => topic.publish({ tick: { n } }));
  const ignored = { received() {}, malformed() {}, published() {}, refused() {} };
  for (const [field, settings] of Object.entries(brokers)) {
    const { broker } = await openBroker(field, readSettings(settings), ignored, () => {});
    onTestFinished(() => broker.close());
    senders.set(field, (n) => broker.publish(`tick.${field}`, JSON.stringify({ n })));
  }
  const events = Object.keys(brokers).map((name) => `${name}: Tick @event(source: "${name}", topic: "tick.${name}")`);
  return {
    files: {
      'schemas/clock.graphql': `extend schema @subgraph(url: "${clock.url}")\n${CLOCK.replace('Tick {', 'Tick @key(fields: "n", resolvable: false) {')}`,
      'schemas/feed.graphql': `type Subscription { ${events.join(' ')} }\ntype Tick @key(fields: "n", resolvable: false) { n: Int! }`,
      'schemas/texts.graphql': textsFile(texts, 0),
    },
    config: `events: ${JSON.stringify(brokers)}\n`,
    /** Another version of the file of texts. */
    textsFile: (version: number) => textsFile(texts, version),
    sources: [...senders.keys()].map(
      (field): NumberedSource => ({
        field,
        sent: [],
        canReplay: field === 'stored' || field === 'streamed',
      }),
    ),
    send: (field: string, n: number) => senders.get(field)?.(n) ?? Promise.reject(new Error(field)),
    killUpstream: () => {
      for (const socket of clock.sockets.clients) socket.terminate();
    },
    brokers: { nats, redis },
  };
}

function textsFile(url: string, version: number): string {
  return `extend schema @subgraph(url: "${url}")\ntype Query { version${version}: String }\ntype Tick @key(fields: "n") { n: Int! text: String }`;
}

export type NumberedSources = Awaited<ReturnType<typeof numberedSources>>;

/** Sends a number to all sources every 100 ms, each once: also to a broker that is not there, which does not get it. */
export function startSending({ sources, send }: NumberedSources) {
  let n = 0;
  let isStopped = false;
  const run = async () => {
    while (!isStopped) {
      n++;
      const current = n;
      // what has failed may have been sent nevertheless: it is in no count
      const each = sources.map(({ field, sent }) =>
        send(field, current).then(
          () => void sent.push(current),
          () => {},
        ),
      );
      await Promise.race([Promise.all(each), sleep(1_000)]);
      await sleep(100);
    }
  };
  const ended = run();
  onTestFinished(() => {
    isStopped = true;
  });
  return {
    last: () => n,
    async stop() {
      isStopped = true;
      await ended;
    },
  };
}
