import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { configFileSchema } from '../../../src/config/config.ts';
import type { EventSourceSettings } from '../../../src/config/sections/events.ts';
import { HAS_REDIS, startRedis } from '../../store/redis-server.ts';
import { HAS_NATS, startNats } from './nats-server.ts';

/** A broker of a test: a program of its own. */
export interface TestBroker {
  /** What the config has in `events.NAME`. */
  readonly settings: Readonly<Record<string, unknown>>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A kind of broker. */
export interface BrokerKind {
  readonly name: string;
  readonly isInstalled: boolean;
  /** Whether it stores messages. */
  readonly canReplay: boolean;
  start(): Promise<TestBroker>;
}

/** All kinds of brokers. The stream of JetStream has all topics that begin with "order.". */
export const BROKERS: readonly BrokerKind[] = [
  {
    name: 'NATS',
    isInstalled: HAS_NATS,
    canReplay: false,
    async start() {
      const server = await startNats();
      return { ...server, settings: { nats: { servers: server.url } } };
    },
  },
  {
    name: 'JetStream',
    isInstalled: HAS_NATS,
    canReplay: true,
    async start() {
      const server = await startNats();
      await addStream(server.url);
      return { ...server, settings: { nats: { servers: server.url, jetstream: { stream: 'ORDERS' } } } };
    },
  },
  {
    name: 'Redis pub/sub',
    isInstalled: HAS_REDIS,
    canReplay: false,
    async start() {
      const server = await startRedis();
      return { ...server, settings: { redis: { url: server.url } } };
    },
  },
  {
    name: 'Redis streams',
    isInstalled: HAS_REDIS,
    canReplay: true,
    async start() {
      // each command is on disk before it is answered, so that a restart loses nothing
      const server = await startRedis('--appendonly', 'yes', '--appendfsync', 'always');
      return { ...server, settings: { redis: { url: server.url, mode: 'streams' } } };
    },
  },
];

async function addStream(servers: string): Promise<void> {
  const connection = await connect({ servers });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'ORDERS', subjects: ['order.>'] });
  await connection.close();
}

/** Returns the settings as the config reads them. */
export function readSettings(settings: TestBroker['settings']): EventSourceSettings {
  const { events } = configFileSchema.parse({ events: { orders: settings } });
  return events.orders as EventSourceSettings;
}
