import type { FileConfig } from './config.ts';

/** A setting that needs Redis, in a config without Redis. */
export interface MissingRedis {
  /** `['bff', 'redis']` */
  readonly path: readonly string[];
  readonly message: string;
  readonly hint: string;
}

/**
 * Returns each setting that needs Redis if `store.redis` is not set. Without this check, state that processes were meant to share
 * would silently be separate per process.
 */
export function missingRedis(config: FileConfig): MissingRedis[] {
  if (config.store.redis !== undefined) return [];
  return settingsOf(config).flatMap(([path, value]) => {
    if (value !== true && value !== 'redis') return [];
    const key = path.join('.');
    const message = `"${key}: ${value}" needs Redis, but "store.redis" is not set.`;
    const hint = `Set "store.redis.url" (or the environment variable REDIS_URL), or remove "${key}".`;
    return [{ path, message, hint }];
  });
}

/** Returns the settings that select Redis, by `true` or `redis`. */
function settingsOf({ bff, api_keys, connectors, rate_limits, apq, login, usage, response_cache }: FileConfig) {
  const settings: (readonly [path: readonly string[], value: unknown])[] = [
    [['bff', 'redis'], bff.redis],
    [['api_keys', 'redis'], api_keys?.redis],
    [['connectors', 'cache', 'redis'], connectors.cache.redis],
    [['response_cache', 'redis', 'enabled'], response_cache.enabled && response_cache.redis.enabled],
    [['rate_limits', 'store'], rate_limits.store],
    [['apq', 'store'], apq.store],
    [['usage', 'store'], usage.enabled && usage.store],
  ];
  for (const [client, { session }] of Object.entries(login)) {
    settings.push([['login', client, 'session', 'store'], session.store]);
  }
  return settings;
}
