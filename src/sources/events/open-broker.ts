import type { EventSourceSettings } from '../../config/sections/events.ts';
import type { SubgraphTls } from '../../config/sections/tls.ts';
import { type CurrentTls, TlsFiles } from '../http/subgraph-tls.ts';
import type { Broker, BrokerObserver } from './broker.ts';
import type { EventBroker } from './event-broker.ts';
import { TopicFeeds } from './topic-feeds.ts';

/** Called whenever the connection to a broker is there or is lost. */
type OnChange = (isConnected: boolean, reason: string | undefined) => void;

/** Returns the certificates of a key of the config. Throws `ConfigValueError` when they cannot be used. */
type OpenTls = (key: string, settings: SubgraphTls) => CurrentTls;

const openTlsFiles: OpenTls = (key, settings) => new TlsFiles(key, settings).current;

/**
 * Opens a broker. Its client is loaded only then. The connection is opened in the background.
 * @throws ConfigValueError when a certificate or the credentials cannot be used
 */
export async function openBroker(
  name: string,
  settings: EventSourceSettings,
  observer: BrokerObserver,
  onChange: OnChange,
  openTls = openTlsFiles,
): Promise<EventBroker> {
  const broker = await connect(name, settings, { onChange, openTls });
  return { broker, feeds: new TopicFeeds(broker, observer), observer };
}

async function connect(
  name: string,
  { nats, redis }: EventSourceSettings,
  { onChange, openTls }: { readonly onChange: OnChange; readonly openTls: OpenTls },
): Promise<Broker> {
  if (nats !== undefined) {
    const { NatsBroker } = await import('./nats.ts');
    const { natsCredentials } = await import('./nats-credentials.ts');
    const credentials = natsCredentials(`events.${name}.nats`, nats);
    const tls = nats.tls && openTls(`events.${name}.nats.tls`, nats.tls);
    return new NatsBroker({ settings: nats, credentials, tls, onChange });
  }
  if (redis === undefined) throw new Error(`events.${name} has no broker`);
  const tls = redis.tls && openTls(`events.${name}.redis.tls`, redis.tls);
  const options = { url: redis.url, tls, onChange };
  if (redis.mode === 'pubsub') {
    const { RedisPubSub } = await import('./redis-pubsub.ts');
    return new RedisPubSub(options);
  }
  const { RedisStreams } = await import('./redis-streams.ts');
  const mistakeInCluster = `events.${name}.redis.mode: streams cannot be read in a Redis Cluster; use another server`;
  return new RedisStreams({ ...options, mistakeInCluster }, redis.max_length);
}
