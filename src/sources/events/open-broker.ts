import type { EventSourceSettings } from '../../config/sections/events.ts';
import { subgraphTls } from '../http/subgraph-tls.ts';
import type { Broker, BrokerObserver } from './broker.ts';
import type { EventBroker } from './event-broker.ts';
import { TopicFeeds } from './topic-feeds.ts';

/** Called whenever the connection to a broker is there or is lost. */
type OnChange = (isConnected: boolean, reason: string | undefined) => void;

/**
 * Opens a broker. Its client is loaded only then. The connection is opened in the background.
 * @throws ConfigValueError when a certificate cannot be used
 */
export async function openBroker(
  name: string,
  settings: EventSourceSettings,
  observer: BrokerObserver,
  onChange: OnChange,
): Promise<EventBroker> {
  const broker = await connect(name, settings, onChange);
  return { broker, feeds: new TopicFeeds(broker, observer), observer };
}

async function connect(name: string, { nats, redis }: EventSourceSettings, onChange: OnChange): Promise<Broker> {
  if (nats !== undefined) {
    const { NatsBroker } = await import('./nats.ts');
    const tls = nats.tls && subgraphTls(`events.${name}.nats.tls`, nats.tls);
    return new NatsBroker({ settings: nats, tls, onChange });
  }
  if (redis === undefined) throw new Error(`events.${name} has no broker`);
  const tls = redis.tls && subgraphTls(`events.${name}.redis.tls`, redis.tls);
  const options = { url: redis.url, tls, onChange };
  if (redis.mode === 'pubsub') {
    const { RedisPubSub } = await import('./redis-pubsub.ts');
    return new RedisPubSub(options);
  }
  const { RedisStreams } = await import('./redis-streams.ts');
  const mistakeInCluster = `events.${name}.redis.mode: streams cannot be read in a Redis Cluster; use another server`;
  return new RedisStreams({ ...options, mistakeInCluster }, redis.max_length);
}
