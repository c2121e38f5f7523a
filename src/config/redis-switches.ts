import type { FileConfig } from './config.ts';
import { placeOfKey } from './config-file.ts';
import type { Problem } from './problem.ts';

/** A setting that keeps something in Redis, as its path and as the file has it: `bff.redis: true`. */
interface RedisSwitch {
  readonly path: readonly string[];
  readonly value: true | 'redis';
}

/** Returns the settings of a config that need a Redis. */
function redisSwitches({ bff, api_keys, connectors, rate_limits, apq, login }: FileConfig): RedisSwitch[] {
  const logins = Object.entries(login).map(
    ([client, { session }]) => [['login', client, 'session', 'store'], session.store] as const,
  );
  const settings: readonly (readonly [path: readonly string[], value: unknown])[] = [
    [['bff', 'redis'], bff.redis],
    [['api_keys', 'redis'], api_keys?.redis],
    [['connectors', 'cache', 'redis'], connectors.cache.redis],
    [['rate_limits', 'store'], rate_limits.store],
    [['apq', 'store'], apq.store],
    ...logins,
  ];
  return settings.flatMap(([path, value]) => (value === true || value === 'redis' ? [{ path, value }] : []));
}

/**
 * Reports each setting that needs a Redis, for a config that has none: state that all processes were meant to share would
 * silently be each process's own.
 */
export function missingRedis(config: FileConfig, file: { readonly name: string; readonly text: string }): Problem[] {
  return redisSwitches(config).map(({ path, value }) => {
    const key = path.join('.');
    return {
      file: file.name,
      ...placeOfKey(file.text, path),
      code: 'REDIS_NOT_SET',
      message: `"${key}: ${value}" needs a Redis, and "store.redis" is not set.`,
      hint: `Set "store.redis.url" (or the environment variable REDIS_URL), or remove "${key}".`,
    };
  });
}
