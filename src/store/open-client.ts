import type { ConnectionOptions } from 'node:tls';
import { Cluster, Redis } from 'ioredis';
import type { RedisSettings } from '../config/sections/store.ts';
import type { RedisClient } from './redis.ts';

const SLOWEST_RECONNECT_MS = 1_000;

const retry = (attempt: number) => Math.min(25 * 2 ** attempt, SLOWEST_RECONNECT_MS);

function optionsOf(connectTimeout: number) {
  return {
    lazyConnect: true,
    // a command without a response may have been executed: it is never sent twice, and never queued
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout,
  };
}

/**
 * Creates a client of one server. What it was subscribed to ends with its connection.
 * @param tls returns the certificates for a new connection
 */
export function openSingleClient(url: string, connectTimeout: number, tls?: () => Certificates): Redis {
  const options = { ...optionsOf(connectTimeout), ...(tls && { tls: currentOptions(tls) }) };
  return new Redis(url, { ...options, retryStrategy: retry, autoResubscribe: false });
}

type Certificates = Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>;

/** Returns options that are current whenever they are copied: the client copies them in this order, for each connection. */
function currentOptions(tls: () => Certificates): Certificates {
  let current: Certificates = {};
  return {
    get ca() {
      current = tls();
      return current.ca;
    },
    get cert() {
      return current.cert;
    },
    get key() {
      return current.key;
    },
  };
}

/** Creates a client of one server that connects once. It emits `end` when its connection is lost, or there is none. */
export function openOneConnection(url: string, connectTimeout: number): Redis {
  return new Redis(url, { ...optionsOf(connectTimeout), retryStrategy: () => null, autoResubscribe: false });
}

/** Returns how long to wait before another attempt to connect, in milliseconds. */
export function reconnectMs(attempt: number): number {
  return retry(attempt);
}

/** Creates a client that is not connected yet. A connection attempt fails after `connectTimeout` milliseconds. */
export function openClient(settings: Pick<RedisSettings, 'url' | 'cluster'>, connectTimeout: number): RedisClient {
  const redisOptions = optionsOf(connectTimeout);
  if (settings.cluster === undefined) return new Redis(settings.url ?? '', { ...redisOptions, retryStrategy: retry });
  const { enableOfflineQueue, lazyConnect } = redisOptions;
  return new Cluster([...settings.cluster], {
    enableOfflineQueue,
    lazyConnect,
    clusterRetryStrategy: retry,
    redisOptions,
  });
}
