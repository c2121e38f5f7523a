import { Cluster, Redis } from 'ioredis';
import type { RedisSettings } from '../config/sections/store.ts';
import type { RedisClient } from './redis.ts';

const SLOWEST_RECONNECT_MS = 1_000;

/** A client that is not connected yet, and gives up on a connection after `connectTimeout` (milliseconds). */
export function openClient(settings: Pick<RedisSettings, 'url' | 'cluster'>, connectTimeout: number): RedisClient {
  const retry = (attempt: number) => Math.min(25 * 2 ** attempt, SLOWEST_RECONNECT_MS);
  const redisOptions = {
    lazyConnect: true,
    // a command that is not answered may have been carried out: it is never sent twice, nor kept for later
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout,
  };
  if (settings.cluster === undefined) return new Redis(settings.url ?? '', { ...redisOptions, retryStrategy: retry });
  const { enableOfflineQueue, lazyConnect } = redisOptions;
  return new Cluster([...settings.cluster], {
    enableOfflineQueue,
    lazyConnect,
    clusterRetryStrategy: retry,
    redisOptions,
  });
}
